package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/publish"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// overrideFlags say which site of which service is meant.
type overrideFlags struct {
	env     *Env
	api     apiFlags
	file    string
	service string
	name    string
	yes     bool
	dryRun  bool

	host  string
	sites *core.Sites
	text  []byte // of sites.json, with the files that it names
	raw   []byte // as it stands
}

func (o *overrideFlags) add(cmd *cobra.Command) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		return refuseEmpty(cmd, "service-id", "name", "from", "to")
	}
	o.api.add(cmd)
	sitesFlag(cmd, &o.file)
	f := cmd.Flags()
	f.StringVar(&o.service, "service-id", "", "the service's `id` (default: FASTLY_SERVICE_ID, or service_id in fastly.toml)")
	f.StringVar(&o.name, "name", "clickedge", "the service's `name`, where there is no id")
}

func (o *overrideFlags) addWriting(cmd *cobra.Command) {
	o.add(cmd)
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be written and write nothing")
}

// load reads sites.json, and the host that is meant.
func (o *overrideFlags) load(host string) (err error) {
	o.host = core.CanonicalHost(host)
	if !destination.IsHost(o.host) {
		return failure.Usage(fmt.Errorf("%s is not the name of a link domain", clean.Quote(host, 120)), "write one like link.example.com")
	}
	o.sites, o.text, o.raw, err = sitesfile.LoadRaw(o.env.in, o.file)
	return err
}

// store finds the service's config store.
func (o *overrideFlags) store(ctx context.Context) (*override.Store, error) {
	id, err := publish.ServiceID(o.env.in, o.service, o.env.LookupEnv)
	if err != nil {
		return nil, err
	}
	client, err := o.env.account(&o.api).Client()
	if err != nil {
		return nil, err
	}
	store, err := override.Find(ctx, client, id, o.name)
	if err == nil && !store.PublishedWith(o.raw) {
		fmt.Fprintf(o.env.Err, "warning: version %d of the service was published with another %s than this one\n", store.Version, sitesfile.Shown(o.file))
	}
	return store, err
}

// change asks and writes.
func (o *overrideFlags) change(ctx context.Context, store *override.Store, before string, after *override.Object, question string) error {
	return store.Change(ctx, &override.Change{Host: o.host, Before: before, After: after, Question: question,
		Yes: o.yes, DryRun: o.dryRun, In: o.env.in, Out: o.env.Out, Err: o.env.Err})
}

func (o *overrideFlags) warn(list []string) {
	for _, w := range list {
		fmt.Fprintf(o.env.Err, "warning: %s\n", clean.Text(w))
	}
}

// compare says how an override differs from sites.json, which it hides.
func (o *overrideFlags) compare(object *override.Object) {
	if file, err := override.OfSites(o.text, o.host); err == nil {
		fmt.Fprintln(o.env.Err, override.Compared(o.host, object, file))
	}
}

const overrideHelp = `The override of a link domain is one object, what sites.json has under its name. It stands
in the config store of the service, and the module takes it in place of the one it was
built with, from the next request on. It holds until it is removed, whatever is published
meanwhile. An entry has at most 8,000 characters.

The service is the one of --service-id, of FASTLY_SERVICE_ID, or of service_id in
fastly.toml, or else the one of --name. The token comes from FASTLY_API_TOKEN or a file.`

func (env *Env) overrideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "override",
		Short: "Change a link domain at once, by the config store",
		Long:  overrideHelp,
		Example: `  clickedge override get link.example.com
  clickedge override check link.example.com changed.json
  clickedge override put link.example.com changed.json`,
		Args: commandName,
		RunE: env.noCommand("clickedge override get shows what is there"),
	}
	cmd.AddCommand(env.overrideGetCommand(), env.overrideCheckCommand(), env.overridePutCommand(), env.overrideRemoveCommand())
	return cmd
}

func (env *Env) overrideGetCommand() *cobra.Command {
	o := &overrideFlags{env: env}
	cmd := &cobra.Command{
		Use:   "get HOST",
		Short: "Print the override of a link domain",
		Long: `Prints the override of a link domain as the config store has it, indented, and on standard
error in what it differs from sites.json. Without an override it fails.`,
		Example: `  clickedge override get link.example.com >changed.json`,
		Args:    args(1, 1),
	}
	o.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.load(args[0]); err != nil {
			return err
		}
		store, err := o.store(cmd.Context())
		if err != nil {
			return err
		}
		object, _, err := store.Object(cmd.Context(), o.host)
		if err != nil {
			return err
		}
		if object == nil {
			return failure.Bad(fmt.Errorf("%s has no entry %s", store.Where(), o.host), "the module answers as it was built; clickedge override put makes one")
		}
		o.compare(object)
		_, err = fmt.Fprint(env.Out, object.Pretty())
		return err
	}
	return cmd
}

func (env *Env) overrideCheckCommand() *cobra.Command {
	o := &overrideFlags{env: env}
	cmd := &cobra.Command{
		Use:   "check HOST [FILE]",
		Short: "Say whether the module would take an override",
		Long: `Reads an override as the module does: the one of a file, "-" for standard input, or else the
one that the config store has. It says what is wrong with it, whether the service has the
backends that it needs, how much room it takes, and what is surprising about it.

For a file, the service is asked for its backends only where there is a token.`,
		Example: `  clickedge override check link.example.com
  clickedge override check link.example.com changed.json`,
		Args: args(1, 2),
	}
	o.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.load(args[0]); err != nil {
			return err
		}
		return o.check(cmd.Context(), args[1:])
	}
	return cmd
}

func (o *overrideFlags) check(ctx context.Context, file []string) error {
	var store *override.Store
	var err error
	if len(file) == 0 || o.env.account(&o.api).HasToken() {
		if store, err = o.store(ctx); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(o.env.Err, "without a token the service is not asked for its backends")
	}
	c, err := o.read(ctx, store, file)
	if err != nil {
		return err
	}
	o.warn(c.Warnings(o.env.Now()))
	o.compare(c.Object)
	_, err = fmt.Fprintf(o.env.Out, "the module would take it: %s\n", c.Object.Taken())
	return err
}

// read reads and checks the override of a file, or the one of the store.
func (o *overrideFlags) read(ctx context.Context, store *override.Store, file []string) (*override.Checked, error) {
	var backends []string
	if store != nil {
		backends = store.Backends
	}
	if len(file) == 0 {
		entry, err := store.Read(ctx, o.host)
		if err != nil {
			return nil, err
		}
		if entry == "" {
			return nil, failure.Bad(fmt.Errorf("%s has no entry %s", store.Where(), o.host), "the module answers as it was built")
		}
		return override.CheckEntry("the entry "+o.host, o.host, entry, o.sites, backends)
	}
	text, err := o.env.in.ReadText("the override", file[0], sitesfile.Most, "name a file with the object of one site")
	if err != nil {
		return nil, err
	}
	return override.Check(o.env.in, file[0], o.host, text, o.sites, backends)
}

func (env *Env) overridePutCommand() *cobra.Command {
	o := &overrideFlags{env: env}
	cmd := &cobra.Command{
		Use:   "put HOST FILE",
		Short: "Write the override of a link domain",
		Long: `Checks the object of a file, or of standard input for "-", as "override check" does, shows
the difference, asks, writes it without white space, and reads it back. Files that it names are put in.

Nothing is written where somebody else has changed the entry in the meantime.`,
		Example: `  clickedge override put link.example.com changed.json
  clickedge override put link.example.com - --yes <changed.json`,
		Args: args(2, 2),
	}
	o.addWriting(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.load(args[0]); err != nil {
			return err
		}
		store, err := o.store(cmd.Context())
		if err != nil {
			return err
		}
		c, err := o.read(cmd.Context(), store, args[1:])
		if err != nil {
			return err
		}
		o.warn(c.Warnings(o.env.Now()))
		o.compare(c.Object)
		before, err := store.Read(cmd.Context(), o.host)
		if err != nil {
			return err
		}
		return o.change(cmd.Context(), store, before, c.Object, "Write this to the entry "+o.host+" of "+store.Where()+"?")
	}
	return cmd
}

func (env *Env) overrideRemoveCommand() *cobra.Command {
	o := &overrideFlags{env: env}
	cmd := &cobra.Command{
		Use:   "remove HOST",
		Short: "Delete the override of a link domain",
		Long: `Deletes the override of a link domain, after it has shown it and asked. The module then
answers by the sites.json that it was built with.`,
		Example: `  clickedge override remove link.example.com`,
		Args:    args(1, 1),
	}
	o.addWriting(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.load(args[0]); err != nil {
			return err
		}
		store, err := o.store(cmd.Context())
		if err != nil {
			return err
		}
		before, err := store.Read(cmd.Context(), o.host)
		if err != nil {
			return err
		}
		if before == "" {
			return failure.Bad(fmt.Errorf("%s has no entry %s", store.Where(), o.host), "there is nothing to remove")
		}
		if !o.sites.Has(o.host) {
			fmt.Fprintf(env.Err, "warning: %s has no site %s: without the override nobody may answer for it\n", sitesfile.Shown(o.file), o.host)
		}
		return o.change(cmd.Context(), store, before, nil, "Delete the entry "+o.host+" of "+store.Where()+"?")
	}
	return cmd
}
