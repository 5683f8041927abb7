// Package cli is the clickedge command: what an operator asks of a set-up
// before, during and after it goes live.
//
// Start with [Main], which is the whole of the command's main function, and
// with [Env.Run], which tests call. Each command lives in a file of its own
// name: its flags, a call of the room that does the work, and printing.
//
// The command decides nothing about links itself: [core.Decide],
// [signed.Verify] and [signed.Mint] are what the module on the edge runs, and
// "explain" prints what they say. Secrets come from files and the environment
// only, never from the command line, where other users of the machine could
// read them, and are never printed, except by "keys new --stdout", whose
// purpose that is.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/complete"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/version"
)

// Env is what the command touches of the world around it.
type Env struct {
	In  io.Reader
	Out io.Writer // results
	Err io.Writer // talk: progress, warnings, errors, hints
	// Now is the clock.
	Now func() time.Time
	// LookupEnv reads an environment variable.
	LookupEnv func(string) (string, bool)
	// Environ lists the environment, NAME=value; nil where it cannot be listed.
	Environ func() []string
	// SigningKey signs the client keys of Fastly's API; "" is Fastly's own.
	SigningKey string

	in     *input.Input  // of the call
	linger *atomic.Int64 // how much longer than others this command may take to end
}

// Run runs the command with these arguments, the program's name not among them,
// and returns its exit code. An error is reported on env.Err, with a hint.
func (env *Env) Run(ctx context.Context, args []string) int {
	out := output.NewWriter(env.Out)
	call := *env
	call.Out, call.in = out, &input.Input{Ctx: ctx, Stdin: env.In, Err: env.Err}
	root := call.root()
	markErrors(root)
	root.SetArgs(saveCurl(args))
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !failure.Is(err) { // cobra's own: a flag that is missing, or two that exclude each other
		err = failure.Usage(err, "usage: "+cmd.UseLine())
	}
	f := failure.Of(err)
	switch {
	case f != nil && f.Exit < failure.ExitInterrupted && ctx.Err() != nil:
		f = interrupt.Failure(ctx, "")
	case out.Err() != nil && (f == nil || errors.Is(f.Err, out.Err())):
		f = failure.Bad(fmt.Errorf("cannot write to standard output: %w", unwrapPath(out.Err())), "")
	}
	if f == nil {
		return failure.ExitOK
	}
	f.Report(env.Err)
	return f.Exit
}

// keys is where this call may take secrets from.
func (env *Env) keys() *keyring.Source {
	return keyring.NewSource(env.in, env.LookupEnv, env.Environ)
}

// unwrapPath is what went wrong, without the name of the file.
func unwrapPath(err error) error {
	if e := new(fs.PathError); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// markErrors makes a failure of every error that a command returns: what
// remains is what cobra itself finds wrong, which is always the call.
func markErrors(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			err := run(cmd, args)
			if err == nil || failure.Is(err) {
				return err
			}
			return failure.Bad(err, "")
		}
	}
	for _, sub := range cmd.Commands() {
		markErrors(sub)
	}
}

func (env *Env) root() *cobra.Command {
	root := &cobra.Command{
		Use:     "clickedge",
		Version: version.Line(),
		Short:   "Branded link domains on Fastly Compute",
		Long: `clickedge stands on a mail sender's branded link domain and proxies its clicks to
the e-mail service provider with the Host that the provider expects, or redirects
at once. This command checks, builds, tries out and explains such a set-up.

Exit codes: 0 all is well; 1 the input is invalid, or the command failed; 2 the
command was called wrongly; 3 the doctor found warnings and no error; 130 Ctrl-C
ended it, another signal 128 and its number.`,
		Example: `  clickedge check sites.json
  clickedge explain https://link.example.com/e/c/eyJo…
  clickedge serve
  clickedge build -o bin/main.wasm`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          commandName,
		RunE:          env.noCommand("clickedge serve is a good one to start with"),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failure.Usage(err, cmd.CommandPath()+" --help lists the flags")
	})
	for _, g := range env.groups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(env.versionCommand(), env.manCommand())
	(&complete.Completer{Load: env.sitesToComplete}).All(root)
	return root
}

// noCommand is what a command does that is there for its own commands only: it
// prints its help and fails, with a hint to one of them.
func (env *Env) noCommand(hint string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		cmd.SetOut(env.Err)
		_ = cmd.Help()
		return failure.Usage(errors.New("no command given"), hint)
	}
}

// sitesToComplete reads sites.json without a word.
func (env *Env) sitesToComplete(file string) (*core.Sites, error) {
	quiet := &input.Input{Ctx: context.Background(), Stdin: env.In, Err: io.Discard}
	sites, _, err := sitesfile.Load(quiet, file)
	return sites, err
}

// group is commands for one job, as --help lists them.
type group struct {
	title    string
	commands []*cobra.Command
}

func (env *Env) groups() []group {
	return []group{
		{"Describe the link domains", []*cobra.Command{env.initCommand(), env.adoptCommand(), env.checkCommand(), env.migrateCommand()}},
		{"Try it out", []*cobra.Command{env.serveCommand(), env.explainCommand(), env.inspectorCommand()}},
		{"Put it into service", []*cobra.Command{env.buildCommand(), env.hashCommand(), env.publishCommand(), env.terraformCommand(), env.dnsCommand(), env.serverCommand()}},
		{"Change what is in service", []*cobra.Command{env.retireCommand(), env.recallCommand(), env.overrideCommand(), env.learnCommand(), env.archiveCommand()}},
		{"Sign links", []*cobra.Command{env.keysCommand(), env.signCommand(), env.verifyCommand()}},
		{"Find out what is wrong", []*cobra.Command{env.doctorCommand(), env.followCommand(), env.testmailCommand()}},
		{"Count", []*cobra.Command{env.clicksCommand(), env.verdictsCommand(), env.missedCommand(), env.collectCommand()}},
	}
}

// commandName refuses an argument where a command's name belongs, and guesses
// which was meant.
func commandName(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := cmd.CommandPath() + " --help lists the commands"
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		hint = "did you mean " + strings.Join(meant, " or ") + "?"
	}
	return failure.Usage(fmt.Errorf("%s has no command %q", cmd.CommandPath(), clean.Cut(args[0], 60)), hint)
}

// args checks the number of arguments, in the words of the command's use line.
func args(min, max int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= min && len(args) <= max {
			return nil
		}
		return failure.Usage(fmt.Errorf("%s: %d arguments given", cmd.Name(), len(args)), "usage: "+cmd.UseLine())
	}
}
