package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
)

type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// anySite is for completions of every host; keyedSite of those that take signed
// links.
func anySite(*core.Site) bool { return true }

func keyedSite(s *core.Site) bool { return len(s.Keys) > 0 }

// sitesToComplete reads sites.json without a word: what a shell asks for must not
// stand among what is typed.
func (env *Env) sitesToComplete(name string) (*core.Sites, bool) {
	if name == "-" {
		return nil, false
	}
	quiet := *env
	quiet.Err, quiet.ctx = io.Discard, context.Background()
	sites, _, err := quiet.loadSites(name)
	return sites, err == nil
}

// completeHosts offers the hosts of sites.json.
func (env *Env) completeHosts(name *string, which func(*core.Site) bool) completer {
	return func(*cobra.Command, []string, string) (hosts []string, _ cobra.ShellCompDirective) {
		sites, ok := env.sitesToComplete(*name)
		if !ok {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, host := range sites.Hosts() {
			if which(sites.Lookup(host)) {
				hosts = append(hosts, host)
			}
		}
		return hosts, cobra.ShellCompDirectiveNoFileComp
	}
}

// oneOf offers a closed set of values.
func oneOf(values ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}
