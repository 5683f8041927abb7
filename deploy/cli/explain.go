package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type explainFlags struct {
	env      *Env
	sites    string
	link     linkArg
	keyFiles []string
	known    knownFlags
	method   string
	now      string
	json     bool
}

func (env *Env) explainCommand() *cobra.Command {
	e := &explainFlags{env: env}
	cmd := &cobra.Command{
		Use:   "explain " + linkUse,
		Short: "Say what a request would get, and why",
		Long: `Asks the same code that runs on the edge what one request would get, and says so in
words: the site, what the link itself says, the decision with its reason, what the ESP
would be sent, and what the reader gets when the ESP is down. Nothing is sent to the ESP.

A signed link is checked if its key's secret is given (--key-file, or
` + contract.KeyVariable + `<KID>). Otherwise it says what the reader gets if the tag is right,
and if it is not.

Of a link that only SendGrid can read it says whether it has been learned where it leads,
as far as the places know that are named: --module, --archive and --store, in the order in
which the module asks. Without --store the API is not asked. What each place of the
network has in its cache cannot be asked by anybody.

` + linkHelp + ` Parts of a link that are marked
"personal" name a recipient or one mail: mind where you paste them.`,
		Example: `  clickedge explain 'https://link.example.com/e/c/eyJo…'
  clickedge explain --store clickedge-links --archive links.ndjson 'https://link.example.com/ss/c/u001…'
  clickedge explain --method POST https://link.example.com/unsubscribe/abc --json`,
		RunE: e.run,
	}
	sitesFlag(cmd, &e.sites)
	e.link.add(cmd)
	keyFileFlag(cmd, &e.keyFiles)
	e.known.add(cmd)
	cmd.Flags().StringVar(&e.method, "method", "GET", "the `method` of the request")
	cmd.Flags().StringVar(&e.now, "now", "", "decide as if it were this `time`, in RFC 3339")
	cmd.Flags().BoolVar(&e.json, "json", false, "print JSON")
	return cmd
}

func (e *explainFlags) run(cmd *cobra.Command, args []string) error {
	sites, _, err := sitesfile.Load(e.env.in, e.sites)
	if err != nil {
		return err
	}
	l, err := e.link.read(args, sites)
	if err != nil {
		return err
	}
	if err := e.setMethod(cmd, l); err != nil {
		return err
	}
	now, err := input.Time(e.now, e.env.Now)
	if err != nil {
		return err
	}
	site := sites.Lookup(l.Host)
	if site == nil {
		return sitesfile.UnknownHost(l.Host, sitesfile.Shown(e.sites), sites)
	}
	ring, err := keyring.GatherSite(e.env.keys(), e.keyFiles, site, sites, "", nil)
	if err != nil {
		return err
	}
	req := &core.Request{Method: e.method, Target: l.Target, Keys: ring}
	if req.Learned, err = e.known.sources(cmd, e.env, req, site); err != nil {
		return err
	}
	x := explain.Of(req, site, now)
	x.NoteLink(l)
	x.NoteKey(ring)
	if e.json {
		return output.JSON(e.env.Out, x)
	}
	x.Print(e.env.Out)
	return nil
}

// setMethod takes the method of a line for curl.
func (e *explainFlags) setMethod(cmd *cobra.Command, l *pasted.Link) error {
	switch {
	case l.Method == "" || l.Method == e.method:
	case cmd.Flags().Changed("method"):
		return failure.Usage(fmt.Errorf("two methods are given: --method %s, and %s in the line for curl", clean.Quote(e.method, 40), clean.Quote(l.Method, 40)), "give one of them")
	default:
		e.method = l.Method
	}
	return nil
}
