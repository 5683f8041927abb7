package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
)

// linkStore says which KV store is meant, and how to reach it.
type linkStore struct {
	store string
	apiFlags
}

func (s *linkStore) add(cmd *cobra.Command) {
	s.apiFlags.add(cmd)
	cmd.Flags().StringVar(&s.store, "store", contract.LinkStore, "the KV store of learned links, by its `name` or id")
}

// openStore is a store that was found.
type openStore struct {
	name, id string
	client   *fastlyapi.Client
}

// open finds the store.
func (s *linkStore) open(ctx context.Context, env *Env) (*openStore, error) {
	client, err := env.account(&s.apiFlags).Client()
	if err != nil {
		return nil, err
	}
	store, err := client.FindKVStore(ctx, s.store)
	if err != nil {
		return nil, failure.Bad(err, "clickedge publish makes the store where a site has \"learn\": true; --store names another")
	}
	return &openStore{s.store, store.StoreID, client}, nil
}

func (env *Env) archiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Take learned links out of the KV store, or put them there",
		Long: `Where a site has "learn": true, the module keeps in a KV store where the links of SendGrid
lead. An archive is a file of these, a line of JSON for each. A build puts it into the
module (clickedge build --archive), which then needs no store for them.`,
		Example: `  clickedge archive export -o links.ndjson
  clickedge build --archive links.ndjson -o pkg/clickedge.tar.gz
  clickedge archive import links.ndjson`,
		Args: commandName,
		RunE: env.noCommand("clickedge archive export writes what is known to a file"),
	}
	cmd.AddCommand(env.archiveExportCommand(), env.archiveImportCommand())
	return cmd
}

func (env *Env) archiveExportCommand() *cobra.Command {
	s, out := &linkStore{}, ""
	cmd := &cobra.Command{
		Use:     "export -o FILE",
		Short:   "Write all learned links of the store to a file",
		Long:    `Reads every entry of the KV store, and writes them as lines of JSON, sorted by name. Says how many lead to which host.`,
		Example: `  clickedge archive export -o links.ndjson`,
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := s.open(cmd.Context(), env)
			if err != nil {
				return err
			}
			if err := env.in.Spare(out, anotherPlace); err != nil {
				return err
			}
			items, ignored, err := archive.Export(cmd.Context(), store.client, store.id)
			if err != nil {
				return failure.Bad(err, "nothing was written")
			}
			return env.writeArchive(out, items, ignored)
		},
	}
	s.add(cmd)
	cmd.Flags().StringVarP(&out, "output", "o", files.Std, "the `file` to write, - for standard output")
	return cmd
}

const anotherPlace = "choose another place with -o"

// mostNamed is how many entries that are left out are named.
const mostNamed = 20

// writeArchive writes an archive whole or not at all. An archive may be written
// over with more links.
func (env *Env) writeArchive(out string, items []learned.Item, ignored []string) error {
	var b bytes.Buffer
	if err := archive.Write(&b, items); err != nil {
		return err
	}
	if err := output.File(env.Out, out, b.Bytes(), 0o644, anotherPlace); err != nil {
		return err
	}
	for _, key := range ignored[:min(len(ignored), mostNamed)] {
		fmt.Fprintf(env.Err, "warning: the entry %q is damaged, or none of clickedge's, and was left out; the module does not use it either\n", key)
	}
	if more := len(ignored) - mostNamed; more > 0 {
		fmt.Fprintf(env.Err, "warning: %d more entries were left out for the same reason\n", more)
	}
	fmt.Fprintf(env.Err, "%s\n", archive.Summary(items))
	return nil
}

func (env *Env) archiveImportCommand() *cobra.Command {
	s, dry, yes := &linkStore{}, false, false
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put the learned links of a file into the store",
		Long: `Puts the links of an archive into the KV store. What the store has stays: one that leads
elsewhere there is marked as contradictory, and is not used any more, and one that is marked
so already stays so.`,
		Example: `  clickedge archive import links.ndjson --dry-run`,
		Args:    args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			items, err := archive.Load(env.in, args[0])
			if err != nil {
				return err
			}
			store, err := s.open(cmd.Context(), env)
			if err != nil {
				return err
			}
			return env.storeLinks(cmd.Context(), store, items, dry, yes)
		},
	}
	s.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&dry, "dry-run", false, "say what would be done and change nothing")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// storeLinks shows what an import changes, asks, and writes it.
func (env *Env) storeLinks(ctx context.Context, s *openStore, items []learned.Item, dry, yes bool) error {
	changes, err := archive.Compare(ctx, s.client, s.id, items)
	if err != nil {
		return failure.Bad(err, "nothing was written")
	}
	printChanges(env.Out, changes, len(items))
	if dry || len(changes) == 0 {
		return nil
	}
	if !yes {
		if yes, err = env.in.Confirm("Write this to the store "+s.name+"?", "--yes"); err != nil || !yes {
			return errors.Join(err, notWritten(yes))
		}
		if err := unchanged(ctx, s, items, changes); err != nil {
			return err
		}
	}
	if err := archive.Apply(ctx, s.client, s.id, changes); err != nil {
		return failure.Bad(err, "some of it may have been written: run it again")
	}
	fmt.Fprintf(env.Out, "%s written; each place of the network has them within seconds\n", output.Count(len(changes), "link"))
	env.warnOfCaches(changes)
	return nil
}

// unchanged compares again: while somebody read the question, the module may
// have found a contradiction, and the store has no conditional write of many.
func unchanged(ctx context.Context, s *openStore, items []learned.Item, before []archive.Change) error {
	now, err := archive.Compare(ctx, s.client, s.id, items)
	if err != nil {
		return failure.Bad(err, "nothing was written")
	}
	if !slices.Equal(now, before) {
		return failure.Bad(errors.New("the store has changed meanwhile, and nothing was written"), "run it again, and read what it says now")
	}
	return nil
}

// warnOfCaches says what the store cannot end.
func (env *Env) warnOfCaches(changes []archive.Change) {
	for i := range changes {
		if c := &changes[i]; c.Contradicts() {
			fmt.Fprintf(env.Err, "warning: a place may have in its cache where %[1]s led, and use it for a month; fastly purge --key %[2]s%[1]s ends that\n", c.Name.String(), contract.LinkKey)
		}
	}
}

func notWritten(yes bool) error {
	if yes {
		return nil
	}
	return failure.Bad(errors.New("nothing was written"), "answer y, or say --yes")
}

func printChanges(w io.Writer, changes []archive.Change, all int) {
	for i := range changes {
		fmt.Fprintf(w, "+ %s\n", changes[i].String())
	}
	if same := all - len(changes); same > 0 {
		fmt.Fprintf(w, "%s in the store already\n", output.Count(same, "link"))
	}
}
