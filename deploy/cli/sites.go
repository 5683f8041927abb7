package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/spf13/cobra"
)

// sitesFlag adds --sites.
func sitesFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "sites", "sites.json", "the `file` that describes the link domains")
	_ = cmd.MarkFlagFilename("sites", "json")
}

// loadSites reads sites.json and returns its text too, with the files that it
// names put in.
func (env *Env) loadSites(name string) (*core.Sites, []byte, error) {
	text, err := env.readText("the sites", name, sitesfile.Most, "name the file that describes the link domains, as in --sites deploy/examples/customerio.json")
	if err != nil {
		return nil, nil, err
	}
	return env.parseSites(name, text)
}

// parseSites reads the text of a sites.json.
func (env *Env) parseSites(name string, text []byte) (*core.Sites, []byte, error) {
	return sitesfile.Parse(name, text, env.beside(sitesfile.Shown(name)))
}

// beside reads the files that a sites.json names: they lie beside it.
func (env *Env) beside(name string) func(string) ([]byte, error) {
	return func(file string) ([]byte, error) {
		return files.Read(env.context(), filepath.Join(filepath.Dir(name), file), nil, mostAppLinks)
	}
}

// sitesArg is the sites.json that a command reads which takes it by --sites or
// as an argument.
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
