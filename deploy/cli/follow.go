package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/follow"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// mostRedirects is what --max may be at most: browsers stop at 20.
const mostRedirects = 50

type followCmd struct {
	env      *Env
	sites    string
	link     linkArg
	esp      string
	via      []string
	resolver string
	ca       string
	max      int
	timeout  time.Duration
	head     bool
	count    bool
	private  bool
	json     bool
}

func (env *Env) followCommand() *cobra.Command {
	f := &followCmd{env: env, link: linkArg{any: true}}
	cmd := &cobra.Command{
		Use:   "follow " + linkUse,
		Short: "Walk a link hop by hop and say where it bends",
		Long: `Asks a link as a browser would, one redirect after another, and says for each hop
who answered, how long each step took, what the link is, what may be kept in a store,
how long the certificate lasts, and what a browser reads otherwise than it is written.
In the end it compares where the link says that it leads with where it led.

Asking a tracking link counts a click for the one to whom it was sent: that needs
--count-click. An unsubscribe link is never asked. Scripts and refreshes are reported,
not run, cookies go back only to the host that set them, and addresses inside are
refused unless --private says otherwise or --via names them.

` + linkHelp + ` Such a link is asked at
that machine, under its own name.

Exit codes: 0 it arrived and nothing is wrong; 1 it did not, or there is a warning;
2 called wrongly, or not asked for one of the reasons above.`,
		Example: `  clickedge follow --count-click 'https://link.example.com/e/c/eyJo…'
  clickedge follow --via 203.0.113.7:443 https://link.example.com/
  clickedge follow --count-click --via link.example.com=127.0.0.1:8080 --via 127.0.0.1:9000 --json 'http://link.example.com/…'`,
		RunE: f.run,
	}
	sitesFlag(cmd, &f.sites)
	f.link.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.esp, "esp", "", "the `preset` whose links these are, where sites.json does not have the host")
	fl.StringArrayVar(&f.via, "via", nil, "connect to `[HOST=]ADDR` in place of what DNS says: for the link's own host, or for HOST or HOST:PORT; \"*=ADDR\" for all others")
	fl.StringVar(&f.resolver, "resolver", "", "ask the DNS server at this `address`")
	fl.StringVar(&f.ca, "ca", "", "trust the certificate authorities in this PEM `file` instead of the system's")
	fl.IntVar(&f.max, "max", follow.DefaultMax, "how many `redirects` to follow")
	fl.DurationVar(&f.timeout, "timeout", time.Minute, "how long the walk may take")
	fl.BoolVar(&f.head, "head", false, "ask with HEAD; some ESPs count that as well")
	fl.BoolVar(&f.count, "count-click", false, "go on though the click or open will be counted")
	fl.BoolVar(&f.private, "private", false, "ask addresses inside as well: loopback, private, link-local")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	_ = cmd.MarkFlagFilename("ca", "pem", "crt")
	return cmd
}

func (f *followCmd) run(cmd *cobra.Command, args []string) error {
	opt, url, err := f.options(cmd, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	r, err := follow.Walk(ctx, url, *opt)
	if err != nil {
		return failure.Usage(fmt.Errorf("%s is not the URL of a link", clean.Quote(url, 120)),
			`give it whole and in quotes, as in 'https://link.example.com/e/c/…'`)
	}
	if err := interrupt.Of(f.env.in.Ctx, ""); err != nil {
		return err
	}
	if f.json {
		err = output.JSON(f.env.Out, r)
	} else {
		r.Text(f.env.Out)
	}
	if err != nil {
		return err
	}
	return follow.Failure(r)
}

func (f *followCmd) options(cmd *cobra.Command, args []string) (*follow.Options, string, error) {
	opt := &follow.Options{Max: f.max, Head: f.head, CountClick: f.count, Now: f.env.Now}
	if f.max < 1 || f.max > mostRedirects {
		return nil, "", failure.Usage(fmt.Errorf("--max %d is not 1 to %d", f.max, mostRedirects), "")
	}
	if f.timeout <= 0 {
		return nil, "", failure.Usage(fmt.Errorf("--timeout %s is not a time", f.timeout), "write it like 30s")
	}
	var err error
	if opt.Sites, err = sitesfile.LoadIfThere(f.env.in, f.sites, cmd.Flags().Changed("sites")); err != nil {
		return nil, "", err
	}
	if opt.Family, err = follow.FamilyOf(f.esp); err != nil {
		return nil, "", err
	}
	l, err := f.link.read(args, opt.Sites)
	if err != nil {
		return nil, "", err
	}
	url, err := f.url(l)
	if err != nil {
		return nil, "", err
	}
	opt.Client, err = f.client(l)
	return opt, url, err
}

// url is what the walk begins with: the text as it was given, oddities
// included, unless another server was named in it.
func (f *followCmd) url(l *pasted.Link) (string, error) {
	if l.Method != "" && l.Method != "GET" && !(l.Method == "HEAD" && f.head) {
		return "", failure.Usage(fmt.Errorf("the line for curl asks with %s; a link is followed with GET", clean.Quote(l.Method, 40)), "clickedge explain says what it gets")
	}
	for _, n := range l.Notes {
		fmt.Fprintf(f.env.Err, "note: %s\n", n)
	}
	if l.Asis() {
		return l.Given, nil
	}
	return l.URL(), nil
}

func (f *followCmd) client(l *pasted.Link) (*probe.Client, error) {
	via, err := follow.Via(f.via, l)
	if err != nil {
		return nil, err
	}
	roots, err := f.env.in.Authorities(f.ca)
	if err != nil {
		return nil, err
	}
	c := &probe.Client{Via: via, Roots: roots, Private: f.private, Now: f.env.Now}
	if f.resolver == "" {
		return c, nil
	}
	if err := probe.CheckAddr(f.resolver); err != nil {
		return nil, failure.Usage(fmt.Errorf("--resolver: %w", err), "")
	}
	c.Resolver = probe.ResolverAt(f.resolver)
	return c, nil
}
