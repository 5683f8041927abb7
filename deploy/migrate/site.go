package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Site is an entry of sites.json.
type Site struct {
	Host   string
	Fields Fields

	at, homeAt, appAt string
}

// Fields are the fields of a site that a configuration can give, in the order
// in which they are written; see [sitesjson.Fields].
type Fields struct {
	ESP           string            `json:"esp"`
	Origin        string            `json:"origin,omitempty"`
	SecondOrigin  string            `json:"second_origin,omitempty"`
	Tenant        string            `json:"tenant,omitempty"`
	Host          string            `json:"host,omitempty"`
	Cookies       string            `json:"cookies,omitempty"`
	ForwardedHost *bool             `json:"x_forwarded_host,omitempty"`
	Headers       map[string]string `json:"headers,omitempty"`
	Timeout       string            `json:"esp_timeout,omitempty"`
	Also          []Fields          `json:"also,omitempty"` // of each what an entry may say
	Home          string            `json:"home,omitempty"`
	AppLinks      AppLinks          `json:"app_links,omitzero"`
}

// AppLinks are the two app-link files, unchanged; nil for none.
type AppLinks struct {
	Apple   json.RawMessage `json:"apple,omitempty"`
	Android json.RawMessage `json:"android,omitempty"`
}

// IsZero reports whether there is neither.
func (a AppLinks) IsZero() bool { return a.Apple == nil && a.Android == nil }

// text is the object of a site, indented by two levels.
func (s *Site) text() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	if err := enc.Encode(s.Fields); err != nil {
		return nil // an app-link file that is not JSON; validate finds it
	}
	return bytes.TrimSpace(b.Bytes())
}

// sitesText is a whole sites.json.
func sitesText(sites []Site) []byte {
	text, err := Merge([]byte(sitesfile.Empty), sites, false)
	if err != nil {
		panic("internal error: no site can be in there already: " + err.Error())
	}
	return text
}

// JSON is a sites.json with the sites, nil if there are none.
func (r *Result) JSON() []byte {
	if len(r.Sites) == 0 {
		return nil
	}
	return sitesText(r.Sites)
}

// validate makes sure that core accepts what is written: what it refuses is
// left out, with core's reason in a finding.
func (r *reading) validate() {
	var fitting []Site
	for _, s := range r.sites {
		if r.fits(&s) {
			fitting = append(fitting, s)
		}
	}
	r.sites = fitting
	r.circles()
}

// fits leaves out what core refuses of one site, and reports whether anything
// is left.
func (r *reading) fits(s *Site) bool {
	r.host = s.Host
	defer func() { r.host = "" }()
	for _, field := range []struct {
		at, code string
		drop     func()
	}{
		{s.appAt, "app-links", func() { s.Fields.AppLinks = AppLinks{} }},
		{s.homeAt, "home", func() { s.Fields.Home = "" }},
		{s.at, "second-origin", func() { s.Fields.SecondOrigin = "" }},
		{s.at, "also", func() { s.Fields.Also = nil }},
	} {
		err := s.check()
		if err == nil {
			return true
		}
		field.drop()
		if again := s.check(); again == nil || again.Error() != err.Error() {
			r.lost(field.at, field.code, "%s", mistakes(err))
		}
	}
	err := s.check()
	if err != nil {
		r.lost(s.at, "site", "%s", mistakes(err))
	}
	return err == nil
}

func (s *Site) check() error {
	text := s.text()
	if text == nil {
		return errors.New("an app-link file is not JSON")
	}
	_, err := sitesjson.Parse("sites.json", sitesText([]Site{*s}))
	return err
}

// mistakes are core's messages without their places, which belong to a text
// that the operator does not see.
func mistakes(err error) string {
	var e *sitesjson.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var words []string
	for _, m := range e.Mistakes {
		words = append(words, strings.TrimPrefix(m.Field, "sites.")+" "+m.Problem)
	}
	return strings.Join(words, "; ")
}

// circles leaves out sites whose origin is another link domain of the
// configuration: core refuses both together.
func (r *reading) circles() {
	hosts := map[string]bool{}
	for _, s := range r.sites {
		hosts[s.Host] = true
	}
	r.sites = slices.DeleteFunc(r.sites, func(s Site) bool {
		round := slices.ContainsFunc(append([]Fields{s.Fields}, s.Fields.Also...), func(f Fields) bool { return f.leadTo(hosts) })
		if round {
			r.host = s.Host
			r.lost(s.at, "circle", "its origin is a link domain of the same configuration: requests would go round")
			r.host = ""
		}
		return round
	})
}

// leadTo reports whether an origin is one of the hosts.
func (f *Fields) leadTo(hosts map[string]bool) bool {
	for _, url := range []string{f.Origin, f.SecondOrigin} {
		_, host, _ := strings.Cut(url, "://")
		host, _, _ = strings.Cut(host, ":")
		if hosts[host] {
			return true
		}
	}
	o, ok := core.LookupPreset(f.ESP)
	return ok && hosts[o.Address]
}
