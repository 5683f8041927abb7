package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/migrate"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

// mostMigrated bounds what is read from standard input, in bytes.
const mostMigrated = 4 << 20

type migrateCmd struct {
	env     *Env
	from    string
	hosts   []string
	root    string
	into    string
	replace bool
	json    bool
	stdin   bool // "-" was given
}

func (env *Env) migrateCommand() *cobra.Command {
	m := &migrateCmd{env: env}
	cmd := &cobra.Command{
		Use:   "migrate [FILE]",
		Short: "Read an nginx, CloudFront or Fastly VCL set-up and write its sites.json",
		Long: `Reads what stands on a link domain today and proxies to an ESP, and writes the entry
of sites.json that takes its place: an nginx configuration, what "aws cloudfront
get-distribution" prints, or a Fastly VCL service as its API gives it with its parts
(/service/ID/details). Without FILE it is read from standard input. Nothing is run
and nobody is asked. What else may stand on a link domain, from Apache to Terraform,
is not read, but named, with what to do.

What was wrong in the old set-up, and what sites.json does not say, is told on
standard error, each with its place. With --into the sites are put into a sites.json
that is there, or a new one; a host that it has already is left as it is and nothing
is written, unless --replace.

An nginx configuration may include files below its own folder only; --root names
another, as in --root /etc/nginx.`,
		Example: `  clickedge migrate /etc/nginx/sites-enabled/link.conf --root /etc/nginx
  aws cloudfront get-distribution --id E1 | clickedge migrate --into sites.json
  clickedge migrate service.json --from fastly-vcl --host link.example.com --json`,
		Args: args(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			m.stdin = len(args) == 1 && args[0] == "-"
			return m.run(append(args, "-")[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.from, "from", "", "the `format`: nginx, cloudfront or fastly-vcl (default told from the text)")
	f.StringArrayVar(&m.hosts, "host", nil, "take this link `domain` only; may be given again. Where the configuration names none, it is for this")
	f.StringVar(&m.root, "root", "", "the `folder` below which nginx's includes are read (default that of FILE)")
	f.StringVar(&m.into, "into", "", "put the sites into this `file` instead of writing them to standard output")
	f.BoolVar(&m.replace, "replace", false, "with --into: replace hosts that the file has already")
	f.BoolVar(&m.json, "json", false, "print sites and notes as one JSON document")
	_ = cmd.MarkFlagDirname("root")
	_ = cmd.MarkFlagFilename("into", "json")
	return cmd
}

func (m *migrateCmd) run(name string) error {
	opt, err := m.options()
	if err != nil {
		return err
	}
	text, err := m.read(&name)
	if err != nil {
		return err
	}
	if root := m.folder(name); root != "" {
		folder, err := migrate.OpenFolder(root)
		if err != nil {
			return failure.Usage(fmt.Errorf("cannot open the folder of includes: %w", err), "")
		}
		defer folder.Close()
		opt.Files = folder
	}
	r, err := migrate.Read(name, text, opt)
	if err != nil {
		return migrateFailure(err)
	}
	return m.finish(r)
}

func (m *migrateCmd) options() (opt migrate.Options, err error) {
	opt.From = migrate.Format(m.from)
	if m.replace && m.into == "" {
		return opt, failure.Usage(errors.New("--replace is of use with --into only"), "")
	}
	for _, host := range m.hosts {
		l, err := pasted.Parse([]string{host}, pasted.Options{})
		if err != nil || l.Target != "/" || strings.Contains(host, "/") {
			return opt, failure.Usage(fmt.Errorf("--host %q is not the name of a link domain", cut(host, 120)), "as in --host link.example.com")
		}
		opt.Hosts = append(opt.Hosts, l.Host)
	}
	if m.from != "" && !slices.Contains(migrate.Formats(), opt.From) {
		return opt, failure.Usage(fmt.Errorf("--from: unknown format %q", cut(m.from, 60)), "the formats are nginx, cloudfront and fastly-vcl")
	}
	return opt, nil
}

func (m *migrateCmd) read(name *string) ([]byte, error) {
	if *name == files.Std && !m.stdin && terminal.Is(m.env.In) {
		return nil, failure.Usage(errors.New("migrate: no configuration given"), "name its file, or - to type it")
	}
	text, err := m.env.in.ReadText("the configuration", *name, mostMigrated, "name a file, or \"-\" for standard input")
	if *name == files.Std {
		*name = "<standard input>"
	}
	return text, err
}

// folder is where includes are read, "" for nowhere.
func (m *migrateCmd) folder(name string) string {
	switch {
	case m.root != "":
		return m.root
	case strings.HasPrefix(name, "<"):
		return ""
	}
	return filepath.Dir(name)
}

func migrateFailure(err error) error {
	var e *migrate.Error
	if errors.As(err, &e) {
		return failure.Bad(err, e.Hint)
	}
	return failure.Bad(err, "")
}

// migrated is what --json prints.
type migrated struct {
	From     migrate.Format    `json:"from"`
	Sites    rawJSON           `json:"sites"`
	Findings []migrate.Finding `json:"notes"`
}

// rawJSON is JSON as it is; null where there is none.
type rawJSON []byte

// MarshalJSON gives the text.
func (r rawJSON) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	return r, nil
}

func (m *migrateCmd) finish(r *migrate.Result) error {
	if m.json {
		if err := output.JSON(m.env.Out, migrated{r.From, rawJSON(r.JSON()), r.Findings}); err != nil {
			return err
		}
	} else {
		m.printFindings(r)
	}
	if len(r.Sites) == 0 {
		return failure.Bad(errors.New("there is nothing to carry over"), "the notes say why")
	}
	if m.into != "" {
		return m.merge(r)
	}
	if m.json {
		return nil
	}
	_, err := m.env.Out.Write(r.JSON())
	return err
}

func (m *migrateCmd) printFindings(r *migrate.Result) {
	for _, n := range r.Findings {
		host := ""
		if n.Host != "" {
			host = " (" + n.Host + ")"
		}
		fmt.Fprintf(m.env.Err, "%s\n", printable(n.String()+host))
	}
}

// merge puts the sites into the file, whole or not at all, and only where core
// takes what comes out.
func (m *migrateCmd) merge(r *migrate.Result) error {
	after := r.JSON()
	if _, err := os.Stat(m.into); !errors.Is(err, os.ErrNotExist) {
		old, err := m.env.in.ReadText("the sites", m.into, sitesfile.Most, "")
		if err != nil {
			return err
		}
		if _, _, err := sitesfile.ParseBeside(m.env.in, m.into, old); err != nil {
			return err
		}
		if after, err = migrate.Merge(old, r.Sites, m.replace); err != nil {
			return failure.Bad(fmt.Errorf("%s: %w", m.into, err), "--replace puts the new in its place; without --into it goes to standard output")
		}
	}
	if err := m.checkMerged(after); err != nil {
		return err
	}
	if err := output.File(m.env.Out, m.into, after, 0o644, ""); err != nil {
		return err
	}
	fmt.Fprintf(m.env.Err, "%s: %s written\n", m.into, output.Count(len(r.Sites), "site"))
	return nil
}

func (m *migrateCmd) checkMerged(after []byte) error {
	_, _, err := sitesfile.ParseBeside(m.env.in, m.into, after)
	return err
}
