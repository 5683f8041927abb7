// Package manpage writes the manual pages of a command from what its --help
// says, so that there is one text and not two.
//
// Start with [All] for the pages of a command and all below it, or with [Of]
// for one. A page depends on the command and its version only, not on the clock
// or the machine.
package manpage

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/deploy/version"
)

// Page is one manual page.
type Page struct {
	Name string // of the file: "clickedge-keys-push.1"
	Text string // roff, with the macros of man(7)
}

// All returns the pages of a command and of every command below it that --help
// lists.
func All(root *cobra.Command, about version.Release) []Page {
	pages := []Page{Of(root, about)}
	for _, sub := range listed(root) {
		pages = append(pages, All(sub, about)...)
	}
	return pages
}

// Of returns the page of a command.
func Of(cmd *cobra.Command, about version.Release) Page {
	prepare(cmd)
	var r roff
	name := pageName(cmd)
	r.title(name, about, cmd.Root().Name())
	r.macro("nh") // a host name or a flag is not hyphenated
	r.macro("ad", "l")
	r.macro("SH", "NAME")
	r.text(name + " - " + cmd.Short)
	r.macro("SH", "SYNOPSIS")
	r.macro("B", cmd.UseLine())
	r.macro("SH", "DESCRIPTION")
	r.prose(cmp.Or(cmd.Long, cmd.Short+"."))
	commands(&r, cmd)
	flags(&r, "OPTIONS", cmd.LocalFlags())
	flags(&r, "OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	if cmd.Example != "" {
		r.macro("SH", "EXAMPLES")
		r.literal(cmd.Example)
	}
	related(&r, cmd)
	return Page{Name: name + ".1", Text: r.String()}
}

// prepare adds what cobra adds to a command only when it runs.
func prepare(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	if !cmd.HasParent() {
		cmd.InitDefaultHelpCmd()
		cmd.InitDefaultCompletionCmd()
	}
}

func listed(cmd *cobra.Command) (list []*cobra.Command) {
	prepare(cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			list = append(list, sub)
		}
	}
	return list
}

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "-")
}

// commands lists those below, in the groups in which --help has them.
func commands(r *roff, cmd *cobra.Command) {
	subs := listed(cmd)
	if len(subs) == 0 {
		return
	}
	r.macro("SH", "COMMANDS")
	for _, group := range cmd.Groups() {
		r.macro("SS", strings.TrimSuffix(group.Title, ":"))
		items(r, subs, group.ID)
	}
	if len(cmd.Groups()) > 0 {
		r.macro("SS", "Other commands")
	}
	items(r, subs, "")
}

func items(r *roff, subs []*cobra.Command, group string) {
	for _, sub := range subs {
		if sub.GroupID == group {
			r.macro("TP")
			r.macro("B", sub.CommandPath())
			r.text(sub.Short)
		}
	}
}

func flags(r *roff, heading string, set *pflag.FlagSet) {
	if !set.HasAvailableFlags() {
		return
	}
	r.macro("SH", heading)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		r.macro("TP")
		r.flag(f, value)
		r.text(usage + defaultOf(f))
	})
}

// defaultOf returns the default that --help shows, if any.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
		return ""
	}
	if f.Value.Type() == "string" {
		return ` (default "` + f.DefValue + `")`
	}
	return " (default " + f.DefValue + ")"
}

// related names the pages above and below.
func related(r *roff, cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, pageName(cmd.Parent()))
	}
	for _, sub := range listed(cmd) {
		names = append(names, pageName(sub))
	}
	if len(names) > 0 {
		r.macro("SH", "SEE ALSO")
		r.text(strings.Join(names, "(1), ") + "(1)")
	}
}
