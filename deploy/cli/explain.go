package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/signedlink"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/spf13/cobra"
)

type explain struct {
	env      *Env
	sites    string
	link     linkArg
	keyFiles []string
	method   string
	now      string
	json     bool
}

func (env *Env) explainCommand() *cobra.Command {
	e := &explain{env: env}
	cmd := &cobra.Command{
		Use:   "explain " + linkUse,
		Short: "Say what a request would get, and why",
		Long: `Asks the same code that runs on the edge what one request would get, and says so in
words: the site, what the link itself says, the decision with its reason, what the ESP
would be sent, and what the reader gets when the ESP is down. Nothing is sent.

A signed link is checked where its key's secret is at hand (--key-file, or
` + contract.KeyVariable + `<KID>). Otherwise it says what the reader gets if the tag is right,
and if it is not.

` + linkHelp + ` Parts of a link that are marked
"personal" name a recipient or one mail: mind where you paste them.`,
		Example: `  clickedge explain 'https://link.example.com/e/c/eyJo…'
  clickedge explain --method POST https://link.example.com/unsubscribe/abc --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return e.run(cmd, args) },
	}
	sitesFlag(cmd, &e.sites)
	e.link.add(cmd)
	keyFileFlag(cmd, &e.keyFiles)
	cmd.Flags().StringVar(&e.method, "method", "GET", "the `method` of the request")
	cmd.Flags().StringVar(&e.now, "now", "", "decide as if it were this `time`, in RFC 3339")
	cmd.Flags().BoolVar(&e.json, "json", false, "print JSON")
	return cmd
}

func (e *explain) run(cmd *cobra.Command, args []string) error {
	sites, _, err := e.env.loadSites(e.sites)
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
	now, err := e.env.nowFlag(e.now)
	if err != nil {
		return err
	}
	site := sites.Lookup(l.Host)
	if site == nil {
		return sitesfile.UnknownHost(l.Host, sitesfile.Shown(e.sites), sites)
	}
	ring, err := e.env.siteSecrets(e.keyFiles, site, sites, "", nil)
	if err != nil {
		return err
	}
	req := &core.Request{Method: e.method, Target: l.Target, Keys: ring}
	x := explanationOf(req, site, now)
	x.noteLink(l)
	x.noteKey(ring)
	if e.json {
		return output.JSON(e.env.Out, x)
	}
	x.print(e.env.Out)
	return nil
}

// setMethod takes the method of a line for curl.
func (e *explain) setMethod(cmd *cobra.Command, l *pasted.Link) error {
	switch {
	case l.Method == "" || l.Method == e.method:
	case cmd.Flags().Changed("method"):
		return failure.Usage(fmt.Errorf("two methods are given: --method %s, and %s in the line for curl", clean.Quote(e.method, 40), clean.Quote(l.Method, 40)), "give one of them")
	default:
		e.method = l.Method
	}
	return nil
}

// explanation is what explain --json prints. Its text form says the same.
type explanation struct {
	Method   string       `json:"method"`
	Host     string       `json:"host"`
	Target   string       `json:"target"`
	Site     check.Site   `json:"site"`
	Link     *linkText    `json:"link,omitempty"`
	Decision outcome      `json:"decision"`
	IfRight  *outcome     `json:"if_tag_is_right,omitempty"` // where the tag could not be checked
	IfWrong  *outcome     `json:"if_tag_is_wrong,omitempty"`
	Send     *sent        `json:"send,omitempty"`
	IfFails  *outcome     `json:"if_esp_fails,omitempty"`
	Notes    []string     `json:"notes,omitempty"`
	site     *core.Site   `json:"-"`
	reading  core.Reading `json:"-"`
}

// linkText is what a link says by itself. It is signed by somebody else, or not
// checked yet: nothing in it is to be trusted.
type linkText struct {
	Own         bool       `json:"own,omitempty"`
	Kind        string     `json:"kind"`
	Fields      []linkPart `json:"fields,omitempty"`
	Destination string     `json:"destination,omitempty"`
	Reading     string     `json:"reading,omitempty"` // certain, likely or unread
	Allowed     core.Code  `json:"allowed,omitempty"`
	Doubt       string     `json:"doubt,omitempty"`
	Repaired    string     `json:"repaired,omitempty"`
	Region      string     `json:"region,omitempty"`
}

type linkPart struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Personal bool   `json:"personal,omitempty"`
}

// outcome is a decision with its reason.
type outcome struct {
	Action   string    `json:"action"`
	Code     core.Code `json:"code,omitempty"`
	Kind     string    `json:"kind"`
	Status   int       `json:"status,omitempty"` // of an answer from here; 0: the ESP's own
	Location string    `json:"location,omitempty"`
	Why      string    `json:"why"`
}

// explanationOf asks core, and finds words for what it says.
func explanationOf(req *core.Request, site *core.Site, now time.Time) *explanation {
	x := &explanation{Method: req.Method, Host: site.Host, Target: req.Target, Site: check.Describe(site), site: site}
	d := core.Decide(req, site, now)
	own := len(site.Keys) > 0 && signedlink.IsSigned(req.Target)
	switch {
	case own:
		x.readOwn(req)
	case site.Origin != nil:
		x.readESP(req)
	}
	x.Decision = outcomeOf(d)
	x.Decision.Why = x.why(d, req, own)
	if own && d.Code == core.KeyUnavailable {
		x.uncheck(req, now)
	}
	if d.Origin != nil {
		x.Send = sentTo(d.Origin, site, req)
		if d.Action != core.Proxy {
			x.Send.Answer = nil // the reader has been answered already
		}
	}
	if d.Action == core.Proxy {
		x.IfFails = x.afterFailure(req)
	}
	x.note(d, own)
	return x
}

// afterFailure asks for one failure; what is said holds for all of them, so the
// code and the status of this one are left out.
func (x *explanation) afterFailure(req *core.Request) *outcome {
	d := core.AfterFailure(req, x.site, core.ESPTimeout)
	o := outcomeOf(d)
	o.Code, o.Why = "", x.whyAfterFailure(d, req)
	if d.Action == core.Refuse {
		o.Status = 0
	}
	return &o
}

func outcomeOf(d core.Decision) outcome {
	o := outcome{Action: d.Action.String(), Code: d.Code, Kind: d.Kind.String(), Location: d.Location}
	switch d.Action {
	case core.Redirect:
		o.Status = 302
	case core.Reply:
		o.Status = 200
	case core.Refuse:
		o.Status = d.Code.Notice().Status
	}
	return o
}

func (x *explanation) readESP(req *core.Request) {
	r := x.site.Origin.Family.Read(req.Target)
	x.reading = r
	t := &linkText{Kind: r.Kind.String(), Destination: r.Destination, Doubt: r.Doubt, Repaired: r.Repaired, Region: r.Region}
	for _, f := range r.Fields {
		t.Fields = append(t.Fields, linkPart(f))
	}
	if r.Kind == core.KindClick || r.Kind == core.KindApp {
		t.Reading = r.Grade.String()
	}
	if r.Grade != core.Unread {
		t.Allowed = x.site.Allows(r.Destination)
	}
	x.Link = t
}

func (x *explanation) readOwn(req *core.Request) {
	path, _, _ := strings.Cut(req.Target, "?")
	l, code := core.Inspect(x.site.Host, path)
	t := &linkText{Own: true, Kind: "click"}
	if strings.HasPrefix(path, core.PixelPrefix) {
		t.Kind = "open"
	}
	x.Link = t
	if code != core.OK {
		t.Doubt = codes.Explain(code).What
		return
	}
	t.Fields = append(t.Fields, linkPart{Name: "key", Value: l.KeyID}, linkPart{Name: "expires", Value: expiry.Text(l.Expiry)})
	if l.ID != "" {
		t.Fields = append(t.Fields, linkPart{Name: "id", Value: signedlink.IDText(l.ID), Personal: true})
	}
	if !l.Pixel {
		t.Destination, t.Allowed = l.Destination, x.site.AllowsSigned(l.Destination)
	}
}

// noteLink adds what only the URL shows.
func (x *explanation) noteLink(l *pasted.Link) {
	x.Notes = append(x.Notes, l.Notes...)
	if l.Fragment {
		x.Notes = append(x.Notes, `the part from "#" on is not sent by any browser and was left out`)
	}
	if !l.TLS && l.Addr == "" && x.Link != nil && x.Link.Own {
		x.Notes = append(x.Notes, "the link is signed as https://; http:// verifies all the same")
	}
}

// noteKey says with which secret the tag was checked.
func (x *explanation) noteKey(ring *keyring.Ring) {
	if x.Link == nil || !x.Link.Own {
		return
	}
	for _, f := range x.Link.Fields {
		if f.Name == "key" && ring.Has(f.Value) {
			x.Notes = append(x.Notes, fmt.Sprintf("the tag was checked with key %s, fingerprint %s", f.Value, ring.Fingerprint(f.Value)))
		}
	}
}

// note adds what an operator should look at though the decision stands.
func (x *explanation) note(d core.Decision, own bool) {
	if region := x.reading.Region; region != "" && x.site.Origin.Family == core.FamilySES && !strings.Contains(x.site.Origin.Address, region) {
		x.Notes = append(x.Notes, fmt.Sprintf("the message id is of region %s, but the site points at %s: SES cannot answer links of another region",
			region, x.site.Origin.Address))
	}
	if own && d.Code == core.KeyUnavailable {
		x.Notes = append(x.Notes, "where the service's secret store has no such secret either, the reader gets a page with status "+
			strconv.Itoa(d.Code.Notice().Status)+" ("+string(d.Code)+")")
	}
	x.Notes = append(x.Notes, check.Warnings(x.site)...)
}
