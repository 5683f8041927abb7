// Package sitesfile reads a sites.json for every command: it inserts the files
// that it names, reports each mistake on its own line, and refuses names that
// no browser opens.
//
// Start with [Parse].
package sitesfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/idn"
	"github.com/clickedge/clickedge/deploy/output"
)

// Most is the largest sites.json that is read, in bytes. The module holds up to
// 64 MiB of sites in a more compact form.
const Most = 256 << 20

const hint = "clickedge check --fields lists every field and what it does"

// Parse reads the text of a sites.json, and also returns it with the files that
// it names inserted; read reads one of these. Name is the file's, for messages.
func Parse(name string, text []byte, read func(file string) ([]byte, error)) (*core.Sites, []byte, error) {
	name = Shown(name)
	text, err := sitesjson.InlineFiles(name, text, read)
	if err != nil {
		return nil, nil, Failure(name, err)
	}
	sites, err := sitesjson.Parse(name, text)
	if err != nil {
		return nil, nil, Failure(name, err)
	}
	if err := deadNames(name, sites); err != nil {
		return nil, nil, err
	}
	return sites, text, nil
}

// deadNames refuses international names that browsers do not open.
func deadNames(file string, sites *core.Sites) error {
	var lines []string
	for _, host := range sites.Hosts() {
		note := func(field string, err error) {
			if err != nil {
				lines = append(lines, fmt.Sprintf("%s: sites.%s%s: %v", file, host, field, err))
			}
		}
		site := sites.Lookup(host)
		note("", idn.Check(host))
		for _, p := range site.Destinations {
			note(".destinations, "+strconv.Quote(p.String()), idn.Check(p.Host))
		}
		for i, r := range site.Recalls.List() {
			to, _ := destination.Parse(r.To)
			note(fmt.Sprintf(".recalls[%d].to", i), idn.Check(to.Host))
		}
		home, _ := destination.Parse(site.Home)
		note(".home", idn.Check(home.Host))
	}
	if len(lines) == 0 {
		return nil
	}
	f := failure.Bad(fmt.Errorf("%s has %s that no browser opens", file, output.Count(len(lines), "name")), "write each as DNS has it, or take it out")
	f.Detail = strings.Join(lines, "\n")
	return f
}

// Shown is a file's name in a message.
func Shown(name string) string {
	if name == files.Std {
		return "standard input"
	}
	return name
}

// mistakes sums up what is wrong with a file; Unwrap gives every mistake.
type mistakes struct {
	name string
	all  *sitesjson.Error
}

func (e *mistakes) Error() string {
	return e.name + " has " + output.Count(len(e.all.Mistakes)+e.all.More, "mistake")
}

// Unwrap gives the mistakes.
func (e *mistakes) Unwrap() error { return e.all }

// Failure puts every mistake on its own line, in the form that editors
// recognise, before the summary.
func Failure(name string, err error) error {
	var e *sitesjson.Error
	if !errors.As(err, &e) {
		return failure.Bad(err, hint)
	}
	f := failure.Bad(&mistakes{name, e}, hint)
	f.Detail = e.Error()
	return f
}

// UnknownHost is the failure for a host that no site has; it says which hosts
// there are.
func UnknownHost(host, file string, sites *core.Sites) error {
	return failure.Bad(fmt.Errorf("no site %q in %s (%s)", clean.Cut(host, 120), file, outcome.WrongHost), "it has "+Hosts(sites))
}

// Hosts lists the hosts, only the first of many.
func Hosts(sites *core.Sites) string { return output.Some(sites.Hosts(), 12) }

// KeyedHosts lists the hosts that take signed links.
func KeyedHosts(sites *core.Sites) []string {
	return slices.DeleteFunc(sites.Hosts(), func(host string) bool { return len(sites.Lookup(host).Keys) == 0 })
}

// Presets lists the presets of all sites, those in also included, in the order of
// their first mention.
func Presets(sites *core.Sites) (names []string) {
	for _, host := range sites.Hosts() {
		for _, e := range sites.Lookup(host).ESPs() {
			if e.Origin != nil && !slices.Contains(names, e.ESP) {
				names = append(names, e.ESP)
			}
		}
	}
	return names
}

// KeyIDs lists the ids of all keys, in the order of their first mention: those of
// signed links, and those of the hashes in the log.
func KeyIDs(sites *core.Sites) (kids []string) {
	for _, host := range sites.Hosts() {
		for _, kid := range sites.Lookup(host).Secrets() {
			if !slices.Contains(kids, kid) {
				kids = append(kids, kid)
			}
		}
	}
	return kids
}

// IsHashKey reports whether a key is for hashes in the log alone: no site of
// these has signed links of it.
func IsHashKey(kid string, sites []*core.Site) (is bool) {
	for _, site := range sites {
		if slices.Contains(site.Keys, kid) {
			return false
		}
		is = is || site.LogHashes == kid
	}
	return is
}

// All lists the sites in the order of the file.
func All(sites *core.Sites) (list []*core.Site) {
	for _, host := range sites.Hosts() {
		list = append(list, sites.Lookup(host))
	}
	return list
}

// WithoutSecret says what becomes of a key whose secret cannot be had.
func WithoutSecret(kid string, sites []*core.Site) string {
	if IsHashKey(kid, sites) {
		return "log lines have no hashes"
	}
	return "its links are refused (" + string(outcome.KeyUnavailable) + ")"
}
