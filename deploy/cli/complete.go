package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/migrate"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// keyedSite is for completions of the hosts that take signed links.
func keyedSite(s *core.Site) bool { return len(s.Keys) > 0 }

// sitesToComplete reads sites.json without a word: what a shell asks for must
// not stand among what is typed.
func (env *Env) sitesToComplete(name string) (*core.Sites, bool) {
	if name == "-" {
		return nil, false
	}
	quiet := &input.Input{Ctx: context.Background(), Stdin: env.In, Err: io.Discard}
	sites, _, err := sitesfile.Load(quiet, name)
	return sites, err == nil
}

// completeHosts offers the hosts of a sites.json.
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

// fromSites offers what a function finds in sites.json.
func (env *Env) fromSites(find func(*core.Sites) []string) completer {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		name := "sites.json"
		if f := cmd.Flag("sites"); f != nil {
			name = f.Value.String()
		}
		sites, ok := env.sitesToComplete(name)
		if !ok {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return find(sites), cobra.ShellCompDirectiveNoFileComp
	}
}

// oneOf offers a closed set of values.
func oneOf(values ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// halves offers values that are completed by what the user types.
func halves(values []string) ([]string, cobra.ShellCompDirective) {
	return values, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// values are what flags of these names take, in whatever command.
func (env *Env) values() map[string]completer {
	hosts := env.fromSites((*core.Sites).Hosts)
	return map[string]completer{
		"esp":          oneOf(presetNames()...),
		"host":         hosts,
		"site":         hosts,
		"kid":          env.fromSites(sitesfile.KeyIDs),
		"fault":        env.fromSites(faultValues),
		"method":       oneOf("GET", "HEAD", "POST"),
		"expires":      oneOf("none", "30d", "12h", "2w"),
		"lifetime":     oneOf("30d", "90d", "180d"),
		"max-age":      oneOf("30d", "90d", "180d"),
		"room":         oneOf("4MiB", "8MiB", "16MiB", "32MiB", "64MiB"),
		"challenge":    env.withSuffix(hosts),
		"minted-until": env.withSuffix(env.fromSites(sitesfile.KeyIDs)),
		"origins":      env.completeOrigins,
	}
}

// ownValues are those of one command, by its path and the flag.
var ownValues = map[string]completer{
	"clickedge dns format":      oneOf("text", "zone", "json"),
	"clickedge dns cdn":         oneOf("fastly"),
	"clickedge dns ca":          oneOf(dnsplan.AuthorityNames()...),
	"clickedge publish ca":      oneOf(dnsplan.AuthorityNames()...),
	"clickedge doctor cdn":      oneOf(catalogue.CDNs()...),
	"clickedge doctor origin":   oneOf(doctor.OriginPreset, "none"),
	"clickedge migrate from":    oneOf(formatNames()...),
	"clickedge testmail from":   cobra.NoFileCompletions,
	"clickedge migrate host":    cobra.NoFileCompletions, // a host that is not in sites.json yet
	"clickedge keys new kid":    cobra.NoFileCompletions, // nor is a new key
	"clickedge doctor link":     cobra.NoFileCompletions,
	"clickedge doctor resolver": cobra.NoFileCompletions,
}

func presetNames() (names []string) {
	for _, o := range core.Presets() {
		names = append(names, o.Preset)
	}
	return names
}

func formatNames() (names []string) {
	for _, f := range migrate.Formats() {
		names = append(names, string(f))
	}
	return names
}

func faultValues(sites *core.Sites) (list []string) {
	for _, o := range sites.Origins() {
		for f := origins.Refuse; f.String() != ""; f++ {
			if _, err := origins.ParseFault(f.String()); err != nil {
				break
			}
			list = append(list, o.Backend+"="+f.String())
		}
	}
	return list
}

func (env *Env) completeOrigins(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	backends, _ := env.fromSites(func(sites *core.Sites) (list []string) {
		for _, o := range sites.Origins() {
			list = append(list, o.Backend+"=http")
		}
		return list
	})(cmd, args, typed)
	return halves(append([]string{"stand-in", "real"}, backends...))
}

func (env *Env) withSuffix(values completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		list, _ := values(cmd, args, typed)
		for i := range list {
			list[i] += "="
		}
		return halves(list)
	}
}

// completeAll gives every flag of every command its values. A flag whose value
// is a file completes with files; one of which nothing is known completes with
// nothing, rather than with the files that lie here.
func (env *Env) completeAll(cmd *cobra.Command) {
	known := env.values()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, there := cmd.GetFlagCompletionFunc(f.Name); there || f.Value.Type() == "bool" || takesFile(f) {
			return
		}
		values, ok := ownValues[cmd.CommandPath()+" "+f.Name]
		if !ok {
			values, ok = known[f.Name]
		}
		if !ok {
			values = cobra.NoFileCompletions
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, values)
	})
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = env.argumentsOf(cmd)
	}
	for _, sub := range cmd.Commands() {
		env.completeAll(sub)
	}
}

// argumentsOf completes what stands without a flag.
func (env *Env) argumentsOf(cmd *cobra.Command) completer {
	switch use := strings.TrimPrefix(cmd.Use, cmd.Name()); {
	case cmd.HasSubCommands():
		return nil
	case strings.Contains(use, "KID"):
		return env.fromSites(sitesfile.KeyIDs)
	case strings.Contains(use, "sites.json]"):
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		}
	case strings.HasPrefix(use, " HOST"):
		return env.fromSites((*core.Sites).Hosts)
	case strings.Contains(use, "FILE"), strings.Contains(use, "LOG"):
		return nil // files
	}
	return cobra.NoFileCompletions
}

// takesFile reports whether a flag's value is a file or folder, as its usage
// says.
func takesFile(f *pflag.Flag) bool {
	name, usage := pflag.UnquoteUsage(f)
	return slices.Contains([]string{"file", "folder"}, name) || strings.Contains(usage, "PEM file")
}
