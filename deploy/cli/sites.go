package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/idn"
	"github.com/clickedge/clickedge/deploy/output"
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
func (env *Env) loadSites(name string) (*core.Sites, []byte, error) {
	text, err := env.readText("the sites", name, mostSites, "name the file that describes the link domains, as in --sites deploy/examples/customerio.json")
	if err != nil {
		return nil, nil, err
	}
	return env.parseSites(name, text)
}

// parseSites reads the text of a sites.json.
func (env *Env) parseSites(name string, text []byte) (*core.Sites, []byte, error) {
	name = shownName(name)
	text, err := core.InlineFiles(name, text, env.beside(name))
	if err != nil {
		return nil, nil, sitesFailure(name, err)
	}
	sites, err := core.ParseSites(name, text)
	if err != nil {
		return nil, nil, sitesFailure(name, err)
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
		home, _ := core.ParseDestination(site.Home)
		note(".home", idn.Check(home.Host))
	}
	if len(lines) == 0 {
		return nil
	}
	f := failure.Bad(fmt.Errorf("%s has %s that no browser opens", file, output.Count(len(lines), "name")), "write each as DNS has it, or take it out")
	f.Detail = strings.Join(lines, "\n")
	return f
}

// beside reads the files that a sites.json names: they lie beside it.
func (env *Env) beside(name string) func(string) ([]byte, error) {
	return func(file string) ([]byte, error) {
		return files.Read(env.context(), filepath.Join(filepath.Dir(name), file), nil, mostAppLinks)
	}
}

// shownName is a file's name in a message.
func shownName(name string) string {
	if name == files.Std {
		return "standard input"
	}
	return name
}

// sitesArg is the sites.json that a command reads which takes it by --sites or as
// an argument.
func sitesArg(cmd *cobra.Command, args []string, flag string) (string, error) {
	switch {
	case len(args) == 0:
		return flag, nil
	case cmd.Flags().Changed("sites") && flag != args[0]:
		return "", failure.Usage(fmt.Errorf("two files of sites are given: %q, and %q with --sites", cut(args[0], 120), cut(flag, 120)), "give one of them")
	}
	return args[0], nil
}

// sitesAtHand reads the sites for a command that can do without them: nil where
// --sites was not given and there is no such file.
func (env *Env) sitesAtHand(cmd *cobra.Command, name string) (*core.Sites, error) {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("sites") {
		return nil, nil
	}
	sites, _, err := env.loadSites(name)
	return sites, err
}

// badSites sums up what is wrong with a file; Unwrap gives every mistake.
type badSites struct {
	name string
	all  *core.SitesError
}

func (e *badSites) Error() string {
	return e.name + " has " + output.Count(len(e.all.Mistakes)+e.all.More, "mistake")
}

// Unwrap gives the mistakes.
func (e *badSites) Unwrap() error { return e.all }

// sitesFailure puts every mistake on a line of its own, in the form that editors
// jump to, before the summary.
func sitesFailure(name string, err error) error {
	var e *core.SitesError
	if !errors.As(err, &e) {
		return failure.Bad(err, fieldsHint)
	}
	f := failure.Bad(&badSites{name, e}, fieldsHint)
	f.Detail = e.Error()
	return f
}

// unknownHost says which hosts there are.
func unknownHost(host, file string, sites *core.Sites) error {
	return failure.Bad(fmt.Errorf("no site %q in %s (%s)", cut(host, 120), file, core.WrongHost), "it has "+someHosts(sites))
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
