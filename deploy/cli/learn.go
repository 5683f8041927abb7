package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/follow"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/deploy/publish"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/teach"
)

// mostMail is the most bytes of a mail that is read.
const mostMail = 32 << 20

type learnCmd struct {
	env      *Env
	store    linkStore
	sites    string
	archive  string
	service  string
	name     string
	via      []string
	ca       string
	timeout  time.Duration
	private  bool
	personal bool
	dry, yes bool

	// what is written to, found before a link is followed: the store, or what
	// the archive has
	opened *openStore
	before []learned.Item
}

func (env *Env) learnCommand() *cobra.Command {
	l := &learnCmd{env: env}
	cmd := &cobra.Command{
		Use:   "learn MAIL.eml",
		Short: "Teach SendGrid's links beforehand, from a mail that you sent yourself",
		Long: `Reads a mail that was saved to a file, finds the links of your sites that only SendGrid can
read, follows each once through the link domain, as a person would, and writes where they
lead to the KV store of learned links, or with --archive to a file for clickedge build.
Then every reader of the mailing arrives, from the first on, if SendGrid fails or is left.

Following a link counts as a click of whoever got the mail, so this asks before. Links to
unsubscribe and opens are never followed, nor is the redirect. Save the mail as it came: a
link that was changed on its way is not learned.

The mail is one message, and what it says is stored. A destination with something personal
in it, as a recipient's address or a long token, is left out unless --personal says that it
is the same for all. Sites count as the config store has them, where it overrides
sites.json: what a rule puts in place of a link is not learned.`,
		Example: `  clickedge learn spring-sale.eml
  clickedge learn spring-sale.eml --archive links.ndjson --yes`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), args[0]) },
	}
	sitesFlag(cmd, &l.sites)
	l.store.add(cmd)
	f := cmd.Flags()
	f.StringVar(&l.archive, "archive", "", "write to this `file` instead of the store; what it has stays")
	f.StringVar(&l.service, "service-id", "", "the service's `id`, whose config store may override sites (default: FASTLY_SERVICE_ID, or service_id in fastly.toml)")
	f.StringVar(&l.name, "name", "clickedge", "the service's `name`, where there is no id")
	f.StringArrayVar(&l.via, "via", nil, "connect to `[HOST=]ADDR` in place of what DNS says")
	f.StringVar(&l.ca, "ca", "", "trust the certificate authorities in this PEM `file` instead of the system's")
	f.DurationVar(&l.timeout, "timeout", 5*time.Minute, "how long all of it may take")
	f.BoolVar(&l.private, "private", false, "ask addresses inside as well: loopback, private, link-local")
	f.BoolVar(&l.personal, "personal", false, "also store destinations that look personal")
	f.BoolVar(&l.dry, "dry-run", false, "say which links would be followed, and follow none")
	f.BoolVarP(&l.yes, "yes", "y", false, "do not ask")
	cmd.MarkFlagsMutuallyExclusive("archive", "store")
	return cmd
}

func (l *learnCmd) run(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	sites, _, err := sitesfile.Load(l.env.in, l.sites)
	if err != nil {
		return err
	}
	text, err := l.env.in.Read("the mail", name, mostMail, "save it as a file, with all of its fields")
	if err != nil {
		return err
	}
	mail, err := teach.ReadMail(text)
	if err != nil {
		return failure.Bad(fmt.Errorf("%s: %w", clean.Quote(name, 120), err), "save the mail as it came, with all of its fields (.eml)")
	}
	lessons := teach.Links(sites.Lookup, mail.URLs)
	todo := openLessons(lessons)
	if len(todo) == 0 {
		return l.nothing(lessons)
	}
	if l.dry {
		l.print(lessons)
		return nil
	}
	if err := l.open(ctx); err != nil {
		return err
	}
	lookup, err := l.inEffect(ctx, sites, todo)
	if err != nil {
		return err
	}
	lessons = teach.Links(lookup, mail.URLs)
	if todo = openLessons(lessons); len(todo) == 0 {
		return l.nothing(lessons)
	}
	if err := l.ask(mail, todo); err != nil {
		return err
	}
	if err := l.follow(ctx, mail, todo); err != nil {
		return err
	}
	l.print(lessons)
	return l.keep(ctx, openLessons(lessons))
}

func (l *learnCmd) nothing(lessons []*teach.Lesson) error {
	l.print(lessons)
	return failure.Bad(errors.New("the mail has no link that can be learned"), "")
}

// open finds what is written to. Later the clicks would have been counted for
// nothing.
func (l *learnCmd) open(ctx context.Context) (err error) {
	if l.archive == "" {
		l.opened, err = l.store.open(ctx, l.env)
		return err
	}
	if l.before, err = archive.LoadIfThere(l.env.in, l.archive); err != nil || l.archive == files.Std {
		return err
	}
	if info, err := os.Stat(filepath.Dir(l.archive)); err != nil || !info.IsDir() {
		return failure.Bad(fmt.Errorf("%s cannot be written: there is no such folder", clean.Quote(l.archive, 200)), "make the folder first; no link was followed")
	}
	return nil
}

// inEffect returns how the sites of links are found as they are in effect: with
// the overrides of the config store. A rule that stands only there would
// otherwise be taken for the ESP's own answer.
func (l *learnCmd) inEffect(ctx context.Context, sites *core.Sites, todo []*teach.Lesson) (func(string) *core.Site, error) {
	var hosts []string
	for _, lesson := range todo {
		if !slices.Contains(hosts, lesson.Host) {
			hosts = append(hosts, lesson.Host)
		}
	}
	id, err := publish.ServiceID(l.env.in, l.service, l.env.LookupEnv)
	if err != nil {
		return nil, err
	}
	client, found := (*fastlyapi.Client)(nil), map[string]*core.Site(nil)
	if l.opened != nil {
		client = l.opened.client
	} else {
		client, err = l.env.account(&l.store.apiFlags).Client()
	}
	if err == nil {
		found, err = override.InEffect(ctx, client, id, l.name, sites, hosts)
	}
	if err != nil && id != "" && l.archive == "" {
		return nil, err
	}
	if err != nil {
		fmt.Fprintf(l.env.Err, "warning: overrides in the config store were not looked at (%s): where a rule that stands only there recalls a link, what it leads to instead would be learned\n", clean.Text(err.Error()))
	}
	return func(host string) *core.Site { return cmp.Or(found[host], sites.Lookup(host)) }, nil
}

// openLessons are those of which something is learned, as far as is known.
func openLessons(lessons []*teach.Lesson) (list []*teach.Lesson) {
	for _, l := range lessons {
		if l.Left == "" {
			list = append(list, l)
		}
	}
	return list
}

func (l *learnCmd) ask(mail *teach.Mail, todo []*teach.Lesson) error {
	if l.yes {
		return nil
	}
	who := "whoever got the mail"
	if len(mail.To) > 0 {
		who = clean.Quote(strings.Join(mail.To, ", "), 200)
	}
	yes, err := l.env.in.Confirm(fmt.Sprintf("Follow %s once each? SendGrid counts each as a click of %s.", output.Count(len(todo), "link"), who), "--yes")
	if err == nil && !yes {
		err = failure.Bad(errors.New("nothing was followed"), "answer y, or say --yes")
	}
	return err
}

// follow asks each link, one after the other.
func (l *learnCmd) follow(ctx context.Context, mail *teach.Mail, todo []*teach.Lesson) error {
	client, err := l.client()
	if err != nil {
		return err
	}
	for _, lesson := range todo {
		lesson.Follow(ctx, client)
		if err := interrupt.Of(l.env.in.Ctx, "nothing was written"); err != nil {
			return err
		}
		if lesson.CheckPersonal(mail.To); lesson.Left == "" && lesson.Personal != "" && !l.personal {
			lesson.Left = "where it leads has " + lesson.Personal + ", which may be there for one reader only; --personal stores it all the same"
		}
	}
	teach.CheckShared(todo)
	return nil
}

func (l *learnCmd) client() (*probe.Client, error) {
	via, err := follow.Via(l.via, &pasted.Link{})
	if err != nil {
		return nil, err
	}
	roots, err := l.env.in.Authorities(l.ca)
	return &probe.Client{Via: via, Roots: roots, Private: l.private, Now: l.env.Now}, err
}

// print says what was learned of each link, or why nothing was.
func (l *learnCmd) print(lessons []*teach.Lesson) {
	for _, lesson := range lessons {
		url := clean.Cut(lesson.URL, 60)
		switch {
		case lesson.Left != "":
			fmt.Fprintf(l.env.Out, "- %s\n  left out: %s\n", url, clean.Cut(lesson.Left, 300))
		case lesson.Destination == "":
			fmt.Fprintf(l.env.Out, "? %s\n  would be followed\n", url)
		default:
			fmt.Fprintf(l.env.Out, "+ %s\n  leads to %s\n", url, lesson.Destination)
		}
	}
}

// keep writes what was learned to the store or to the archive.
func (l *learnCmd) keep(ctx context.Context, lessons []*teach.Lesson) error {
	if len(lessons) == 0 {
		return failure.Bad(errors.New("nothing was learned"), "")
	}
	var items []learned.Item
	for _, lesson := range lessons {
		items = append(items, lesson.Item(l.env.Now()))
	}
	if l.archive == "" {
		return l.env.storeLinks(ctx, l.opened, items, false, true)
	}
	all, added := archive.Add(l.before, items)
	if err := l.env.writeArchive(l.archive, all, nil); err != nil {
		return err
	}
	if l.archive != files.Std {
		fmt.Fprintf(l.env.Out, "%s  %s added\n", l.archive, output.Count(added, "link"))
	}
	return nil
}
