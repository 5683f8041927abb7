// Package complete offers what a shell completes: the values of each flag and
// the arguments of each command.
//
// Start with [Completer.All]. What a flag takes stands in two tables, by the
// flag's name and, where the name means another thing in one command, by the
// command. A flag whose value is a file completes with files; one of which
// nothing is known completes with nothing, rather than with the files that lie
// in the folder.
package complete

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/migrate"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Completer offers values, some of them from a sites.json.
type Completer struct {
	// Load reads a sites.json and says nothing: what a shell asks for must not
	// stand among what is typed.
	Load func(file string) (*core.Sites, error)
}

// All gives every flag and argument of a command, and of those below it, its
// values. One that has them already keeps them.
func (c *Completer) All(cmd *cobra.Command) {
	known, own := c.byName(), c.byCommand()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, there := cmd.GetFlagCompletionFunc(f.Name); there || f.Value.Type() == "bool" || takesFile(f) {
			return
		}
		values, ok := own[cmd.CommandPath()+" "+f.Name]
		if !ok {
			values, ok = known[f.Name]
		}
		if !ok {
			values = cobra.NoFileCompletions
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, values)
	})
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = c.arguments(cmd)
	}
	for _, sub := range cmd.Commands() {
		c.All(sub)
	}
}

// byName are the values of flags of these names, in whatever command.
func (c *Completer) byName() map[string]cobra.CompletionFunc {
	hosts, kids := c.sites((*core.Sites).Hosts), c.sites(sitesfile.KeyIDs)
	return map[string]cobra.CompletionFunc{
		"esp":            c.esps,
		"successor":      oneOf(append(presets(), core.PresetNone)...),
		"also":           oneOf(presets()...),
		"retired":        oneOf(presets()...),
		"host":           hosts,
		"site":           hosts,
		"kid":            kids,
		"fault":          c.sites(faults),
		"when-esp-fails": oneOf("redirect", "page"),
		"method":         oneOf("GET", "HEAD", "POST"),
		"expires":        oneOf("none", "30d", "12h", "2w"),
		"lifetime":       oneOf("30d", "90d", "180d"),
		"max-age":        oneOf("30d", "90d", "180d"),
		"room":           oneOf("4MiB", "8MiB", "16MiB", "32MiB", "64MiB"),
		"since":          oneOf("1d", "7d", "30d"),
		"by":             oneOf(clickreport.Names()...),
		"top":            oneOf("20", "100", "0"),
		"challenge":      assigned(hosts),
		"minted-until":   assigned(kids),
		"origins":        c.origins,
	}
}

// byCommand are those of one command, by its path and the flag.
func (c *Completer) byCommand() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"clickedge dns format":      oneOf("text", "zone", "json"),
		"clickedge dns cdn":         oneOf("fastly"),
		"clickedge dns ca":          oneOf(dnsplan.AuthorityNames()...),
		"clickedge publish ca":      oneOf(dnsplan.AuthorityNames()...),
		"clickedge init for":        oneOf("server", "fastly"),
		"clickedge adopt for":       oneOf("server", "fastly"),
		"clickedge init host":       cobra.NoFileCompletions, // one that is not there yet
		"clickedge init kid":        cobra.NoFileCompletions,
		"clickedge adopt ask-esp":   oneOf(doctor.OriginPreset, "none"),
		"clickedge doctor cdn":      oneOf(catalogue.CDNs()...),
		"clickedge doctor origin":   oneOf(doctor.OriginPreset, "none"),
		"clickedge migrate from":    oneOf(formats()...),
		"clickedge sign host":       c.sites(sitesfile.KeyedHosts),
		"clickedge testmail esp":    c.sites(sitesfile.Presets),
		"clickedge testmail from":   cobra.NoFileCompletions,
		"clickedge migrate host":    cobra.NoFileCompletions, // a host that is not in sites.json yet
		"clickedge keys new kid":    cobra.NoFileCompletions, // nor is a new key
		"clickedge doctor link":     cobra.NoFileCompletions,
		"clickedge doctor resolver": cobra.NoFileCompletions,
	}
}

// arguments completes what stands without a flag, by the command's use line.
func (c *Completer) arguments(cmd *cobra.Command) cobra.CompletionFunc {
	switch use := strings.TrimPrefix(cmd.Use, cmd.Name()); {
	case cmd.HasSubCommands():
		return nil
	case strings.Contains(use, "KID"):
		return c.sites(sitesfile.KeyIDs)
	case strings.Contains(use, "COMMAND"):
		return commands
	case strings.Contains(use, "sites.json]"):
		return endingIn("json")
	case strings.Contains(use, ".tar.gz]"):
		return endingIn("gz", "tgz")
	case strings.HasPrefix(use, " HOST") && strings.Contains(use, "FILE"):
		return c.hostThenFile
	case strings.HasPrefix(use, " HOST ESP"):
		return c.hostThenESP
	case strings.HasPrefix(use, " HOST"):
		return c.sites((*core.Sites).Hosts)
	case strings.Contains(use, "FILE"), strings.Contains(use, "LOG"):
		return nil // files
	}
	return cobra.NoFileCompletions
}

// hostThenFile completes a host, and then a file.
func (c *Completer) hostThenFile(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return c.sites((*core.Sites).Hosts)(cmd, args, word)
}

// takesFile reports whether a flag's value is a file or folder, as its usage
// says.
func takesFile(f *pflag.Flag) bool {
	name, usage := pflag.UnquoteUsage(f)
	return slices.Contains([]string{"file", "folder"}, name) || strings.Contains(usage, "PEM file")
}

// sites offers what a function finds in the sites.json that --sites names.
func (c *Completer) sites(find func(*core.Sites) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) (list []string, _ cobra.ShellCompDirective) {
		name := "sites.json"
		if f := cmd.Flag("sites"); f != nil {
			name = f.Value.String()
		}
		if name != files.Std {
			if sites, err := c.Load(name); err == nil {
				list = find(sites)
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// hostThenESP offers the hosts, and then the ESPs of the one that was typed.
func (c *Completer) hostThenESP(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return c.sites(func(sites *core.Sites) (list []string) {
		if len(args) == 0 {
			return sites.Hosts()
		}
		site := sites.Lookup(args[0])
		if site == nil || len(args) > 1 {
			return nil
		}
		for _, e := range site.ESPs() {
			if e.Origin != nil {
				list = append(list, e.ESP)
			}
		}
		return list
	})(cmd, args, typed)
}

// oneOf offers a closed set of values.
func oneOf(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// endingIn offers files with one of these extensions.
func endingIn(extensions ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(extensions, cobra.ShellCompDirectiveFilterFileExt)
}

// halves offers values that are completed by what the user types.
func halves(values []string) ([]string, cobra.ShellCompDirective) {
	return values, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// assigned offers each value with "=" behind it.
func assigned(values cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		list, _ := values(cmd, args, typed)
		for i := range list {
			list[i] += "="
		}
		return halves(list)
	}
}

// esps offers the ESPs of the sites, which are those that are meant as a rule,
// and every other preset after them.
func (c *Completer) esps(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	list, directive := c.sites(func(sites *core.Sites) []string {
		if len(args) > 0 {
			if site := sites.Lookup(args[0]); site != nil {
				sites = core.NewSites([]*core.Site{site})
			}
		}
		return sitesfile.Presets(sites)
	})(cmd, args, typed)
	for _, name := range presets() {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list, directive | cobra.ShellCompDirectiveKeepOrder
}

// origins offers what serve --origins takes.
func (c *Completer) origins(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	backends, _ := c.sites(func(sites *core.Sites) (list []string) {
		for _, o := range sites.Origins() {
			list = append(list, o.Backend+"=http")
		}
		return list
	})(cmd, args, typed)
	return halves(append([]string{"stand-in", "real"}, backends...))
}

// commands offers those below the command that the words name.
func commands(cmd *cobra.Command, words []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	at, rest, err := cmd.Root().Find(words)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, sub := range at.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func presets() (names []string) {
	for _, o := range core.Presets() {
		names = append(names, o.Preset)
	}
	return names
}

func formats() (names []string) {
	for _, f := range migrate.Formats() {
		names = append(names, string(f))
	}
	return names
}

// faults are those that each stand-in can have.
func faults(sites *core.Sites) (list []string) {
	for _, o := range sites.Origins() {
		for _, fault := range origins.FaultNames() {
			list = append(list, o.Backend+"="+fault)
		}
	}
	return list
}
