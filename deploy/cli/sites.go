package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/spf13/cobra"
)

// sitesFlag adds --sites.
func sitesFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "sites", "sites.json", "the `file` that describes the link domains")
	_ = cmd.MarkFlagFilename("sites", "json")
}

const fieldsHint = "clickedge check --fields lists every field and what it does"

// loadSites reads sites.json and returns its text too, with the files that it
// names put in.
func loadSites(name string) (*core.Sites, []byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("cannot read the sites: %w", err), "name the file, as in --sites deploy/examples/customerio.json")
	}
	text, err = core.InlineFiles(name, text, func(file string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(name), file))
	})
	if err != nil {
		return nil, nil, sitesFailure(name, err)
	}
	sites, err := core.ParseSites(name, text)
	if err != nil {
		return nil, nil, sitesFailure(name, err)
	}
	return sites, text, nil
}

// badSites sums up what is wrong with a file; Unwrap gives every mistake.
type badSites struct {
	name string
	all  *core.SitesError
}

func (e *badSites) Error() string {
	return e.name + " has " + count(len(e.all.Mistakes)+e.all.More, "mistake")
}

// Unwrap gives the mistakes.
func (e *badSites) Unwrap() error { return e.all }

// sitesFailure puts every mistake on a line of its own, in the form that editors
// jump to, before the summary.
func sitesFailure(name string, err error) error {
	var e *core.SitesError
	if !errors.As(err, &e) {
		return bad(err, fieldsHint)
	}
	f := bad(&badSites{name, e}, fieldsHint)
	f.detail = e.Error()
	return f
}

// unknownHost says which hosts there are.
func unknownHost(host, file string, sites *core.Sites) error {
	return bad(fmt.Errorf("no site %q in %s (%s)", cut(host, 120), file, core.WrongHost), "it has "+someHosts(sites))
}

// someHosts lists the hosts, the first few of very many.
func someHosts(sites *core.Sites) string {
	const most = 12
	hosts := sites.Hosts()
	if len(hosts) <= most {
		return strings.Join(hosts, ", ")
	}
	return strings.Join(hosts[:most], ", ") + " and " + strconv.Itoa(len(hosts)-most) + " more"
}

// count writes "1 mistake", "3 mistakes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
