package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/spf13/cobra"
)

type check struct {
	env    *Env
	sites  string
	json   bool
	fields bool
}

func (env *Env) checkCommand() *cobra.Command {
	c := &check{env: env}
	cmd := &cobra.Command{
		Use:   "check [sites.json] [--json]",
		Short: "Find every mistake in sites.json",
		Long: `Reads sites.json as the module would and lists every mistake in it, each with its
line; or else the sites, and the backends that the service needs. "clickedge check
--fields" lists what may stand in the file.`,
		Example: `  clickedge check
  clickedge check deploy/examples/ses.json --json`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := sitesArg(cmd, args, c.sites)
			if err != nil {
				return err
			}
			return c.run(name)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	sitesFlag(cmd, &c.sites)
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&c.fields, "fields", false, "list the fields of a site instead")
	return cmd
}

// checked is what check --json prints.
type checked struct {
	OK       bool             `json:"ok"`
	Sites    []checkedSite    `json:"sites,omitempty"`
	Backends []checkedBackend `json:"backends,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
	// Certificates are notes on ESPs that issue them for link domains.
	Certificates []certificateNote `json:"certificates,omitempty"`
	Mistakes     []mistake         `json:"mistakes,omitempty"`
	More         int               `json:"more_mistakes,omitempty"`
}

type checkedSite struct {
	Host         string   `json:"host"`
	ESP          string   `json:"esp"`
	Backend      string   `json:"backend,omitempty"`
	Origin       string   `json:"origin,omitempty"`
	SecondOrigin string   `json:"second_origin,omitempty"`
	ESPTimeout   string   `json:"esp_timeout,omitempty"`
	Clicks       string   `json:"clicks"`
	WhenESPFails string   `json:"when_esp_fails"`
	Destinations []string `json:"destinations,omitempty"`
	Keys         []string `json:"keys,omitempty"`
	// Readings says which click links are answered from the link, and when; nil
	// where none is asked to be.
	Readings *readings `json:"readings,omitempty"`
}

// checkedBackend is a backend that the service needs, by this name.
type checkedBackend struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	TLS     bool   `json:"tls"`
	SNI     string `json:"sni,omitempty"` // and certificate name
}

type mistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Field   string `json:"field,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

func (c *check) run(name string) error {
	if c.fields {
		return c.printFields()
	}
	sites, _, err := c.env.loadSites(name)
	if err != nil {
		return c.fail(err)
	}
	result := checked{OK: true}
	for _, host := range sites.Hosts() {
		site := sites.Lookup(host)
		result.Sites = append(result.Sites, describe(site))
		result.Warnings = append(result.Warnings, siteWarnings(site)...)
	}
	result.Backends, result.Certificates = backendsOf(sites), certificateNotes(sites)
	if c.json {
		return printJSON(c.env.Out, result)
	}
	for _, w := range result.Warnings {
		fmt.Fprintf(c.env.Err, "warning: %s\n", w)
	}
	if err := c.printTable(result.Sites); err != nil || len(result.Backends) == 0 {
		return err
	}
	if err := c.printBackends(result.Backends); err != nil {
		return err
	}
	if err := printReadings(c.env.Out, result.Sites); err != nil {
		return err
	}
	return printCertificates(c.env.Out, result.Certificates)
}

// certificateNote says of an ESP that issues certificates itself what comes before
// a CNAME moves.
type certificateNote struct {
	ESP   string   `json:"esp"`
	Hosts []string `json:"hosts"`
	First string   `json:"first"`
}

// certificateNotes are those of the sites' ESPs, each once.
func certificateNotes(sites *core.Sites) (list []certificateNote) {
	for _, host := range sites.Hosts() {
		m := espdns.ManagedBy(sites.Lookup(host).ESP)
		if m == nil {
			continue
		}
		i := slices.IndexFunc(list, func(n certificateNote) bool { return n.ESP == m.ESP })
		if i < 0 {
			i, list = len(list), append(list, certificateNote{ESP: m.ESP, First: strings.ReplaceAll(m.Advice(), "{host}", "HOST")})
		}
		list[i].Hosts = append(list[i].Hosts, host)
	}
	return list
}

func printCertificates(w io.Writer, list []certificateNote) error {
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("\nCERTIFICATES BY THE ESP\n")
	for _, n := range list {
		fmt.Fprintf(&b, "%s: %s\n", someOf(n.Hosts), n.First)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func backendsOf(sites *core.Sites) (list []checkedBackend) {
	for _, o := range sites.Origins() {
		b := checkedBackend{Name: o.Backend, Address: o.Address, Port: o.Port, TLS: o.TLS}
		if o.TLS {
			b.SNI = o.Address
		}
		list = append(list, b)
	}
	return list
}

// fail prints the mistakes as JSON where that was asked for.
func (c *check) fail(err error) error {
	var f *failure
	var e *core.SitesError
	if !c.json || !errors.As(err, &e) || !errors.As(err, &f) {
		return err
	}
	result := checked{More: e.More}
	for _, m := range e.Mistakes {
		result.Mistakes = append(result.Mistakes, mistake(m))
	}
	f.detail = ""
	return errors.Join(f, printJSON(c.env.Out, result))
}

func describe(s *core.Site) checkedSite {
	d := checkedSite{Host: s.Host, ESP: s.ESP, Clicks: "proxy", WhenESPFails: "page", Keys: s.Keys}
	for _, p := range s.Destinations {
		d.Destinations = append(d.Destinations, p.String())
	}
	if s.Origin == nil {
		d.Clicks, d.WhenESPFails = "none", "none"
		return d
	}
	d.Backend, d.Origin, d.ESPTimeout = s.Origin.Backend, originURL(s.Origin), s.ESPTimeout.String()
	if s.SecondOrigin != nil {
		d.SecondOrigin = originURL(s.SecondOrigin)
	}
	if s.ClickRedirect {
		d.Clicks = "redirect"
	}
	if s.FailRedirect {
		d.WhenESPFails = "redirect"
	}
	d.Readings = readingsOf(s)
	return d
}

// siteWarnings are settings that are no mistakes, but have no effect, or one that
// few would want.
func siteWarnings(s *core.Site) []string {
	return append(cookieWarnings(s), readWarnings(s)...)
}

// cookieWarnings says what an ESP is given that lets all cookies pass. Iterable
// documents that it needs them.
func cookieWarnings(s *core.Site) []string {
	if s.Origin == nil || s.Origin.Cookies != core.CookiesPass || s.Origin.Family == core.FamilyIterable {
		return nil
	}
	clear := ""
	for _, o := range []*core.Origin{s.Origin, s.SecondOrigin} {
		if o != nil && !o.TLS {
			clear = ", and in clear text, since " + originURL(o) + " is asked without TLS"
		}
	}
	return []string{fmt.Sprintf("%s: \"cookies\": \"pass\" gives %s every cookie that browsers send here, sessions of the parent domain included%s; \"own\" gives it those that it sets itself",
		s.Host, s.Origin.Address, clear)}
}

func originURL(o *core.Origin) string {
	scheme, usual := "https", uint16(443)
	if !o.TLS {
		scheme, usual = "http", 80
	}
	if o.Port == usual {
		return scheme + "://" + o.Address
	}
	return fmt.Sprintf("%s://%s:%d", scheme, o.Address, o.Port)
}

func (c *check) printTable(sites []checkedSite) error {
	w := tabwriter.NewWriter(c.env.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tESP\tBACKEND\tCLICKS\tWHEN ESP FAILS\tKEYS")
	for _, s := range sites {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Host, s.ESP, dash(s.Backend), s.Clicks, s.WhenESPFails,
			dash(strings.Join(s.Keys, ",")))
	}
	return w.Flush()
}

func (c *check) printBackends(backends []checkedBackend) error {
	fmt.Fprintln(c.env.Out)
	w := tabwriter.NewWriter(c.env.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BACKEND\tADDRESS\tPORT\tSNI AND CERTIFICATE NAME")
	for _, b := range backends {
		name := "no TLS"
		if b.TLS {
			name = b.SNI
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", b.Name, b.Address, b.Port, name)
	}
	return w.Flush()
}

func (c *check) printFields() error {
	fields := core.SiteFields()
	if c.json {
		return printJSON(c.env.Out, lowerFields(fields))
	}
	for _, f := range fields {
		fmt.Fprintf(c.env.Out, "%s\n    %s", f.Name, f.Type)
		if f.Default != "" {
			fmt.Fprintf(c.env.Out, ", by default %s", f.Default)
		}
		fmt.Fprintf(c.env.Out, "\n    %s\n", f.Doc)
	}
	return nil
}

type fieldJSON struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Doc     string `json:"doc"`
}

func lowerFields(fields []core.FieldDoc) []fieldJSON {
	list := make([]fieldJSON, len(fields))
	for i, f := range fields {
		list[i] = fieldJSON(f)
	}
	return list
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printJSON writes one indented document. "<" and "&" stay as they are: they are
// frequent in links, and this is not HTML.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
