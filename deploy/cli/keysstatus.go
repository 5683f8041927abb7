package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type keysStatus struct {
	env      *Env
	api      storeFlags
	sites    string
	keyFiles []string
	times    retireFlags
	json     bool
}

func (env *Env) keysStatusCommand() *cobra.Command {
	k := &keysStatus{env: env}
	cmd := &cobra.Command{
		Use:   "status [LOG...]",
		Short: "Say which keys are in use, and when an old one may go",
		Long: `Lists the keys of sites.json: which mints and which only verify, whether its secret is in
the secret store (asked where FASTLY_API_TOKEN is set), how often and when its links were
clicked according to the click log, and when it may be retired: once the last mail that
used it has aged out.

That is certain where links were signed with an expiry: say until when the key minted and
for how long its links were signed at most, with --minted-until and --lifetime. Otherwise
a key may go when nobody has clicked a link of it for --max-age, and the log goes back
that far. A link seen in the log whose expiry is still to come is waited for in any case.

Fingerprints are those of the secrets at hand, from --key-file or CLICKEDGE_KEY_<KID>,
for two people to compare. Of the secret in the store the API tells none; --json has
its digest, which stays the same as long as the secret does.

LOG is NDJSON as the module writes it, "-" for standard input. Without LOG no clicks are
known. The exit code is 1 where a key that sites.json names is not in the store.`,
		Example: `  clickedge keys status
  clickedge keys status clicks.ndjson --max-age 180d
  clickedge keys status --minted-until k1=2026-03-01T00:00:00Z --lifetime 30d`,
		RunE: func(cmd *cobra.Command, args []string) error { return k.run(cmd.Context(), args) },
	}
	k.api.add(cmd)
	sitesFlag(cmd, &k.sites)
	k.times.add(cmd)
	keyFileFlag(cmd, &k.keyFiles)
	cmd.Flags().BoolVar(&k.json, "json", false, "print JSON")
	return cmd
}

func (k *keysStatus) run(ctx context.Context, logs []string) error {
	sites, _, err := sitesfile.Load(k.env.in, k.sites)
	if err != nil {
		return err
	}
	ring, err := k.secrets(sites)
	if err != nil {
		return err
	}
	judge, err := k.times.retirement(k.env, logs)
	if err != nil {
		return err
	}
	stored, err := k.stored(ctx)
	if err != nil {
		return apiFailure(err)
	}
	list := judge.All(sites, stored, ring.IDs())
	for i := range list {
		list[i].Fingerprint = ring.Fingerprint(list[i].KID)
	}
	if err := k.print(list); err != nil {
		return err
	}
	return missingKeys(list)
}

// secrets are those at hand. Of what the store has the API tells no
// fingerprint.
func (k *keysStatus) secrets(sites *core.Sites) (*keyring.Ring, error) {
	kids := sitesfile.KeyIDs(sites)
	ring, err := keyring.Gather(k.env.keys(), keyring.Want{Files: k.keyFiles, IDs: kids, Others: true, Who: k.sites})
	if err != nil {
		return nil, err
	}
	if len(kids) > 0 && len(ring.IDs()) == 0 {
		fmt.Fprintf(k.env.Err, "no secret is at hand: --key-file FILE or %s shows its fingerprint\n", keyring.EnvName(kids[0]))
	}
	return ring, nil
}

// stored lists what the store has; nil where nobody can be asked.
func (k *keysStatus) stored(ctx context.Context) (map[string]string, error) {
	if !k.env.hasToken(&k.api.apiFlags) {
		fmt.Fprintf(k.env.Err, "%s is not set: whether the secrets are in the store is not known\n", tokenEnv)
		return nil, nil
	}
	client, err := k.env.api(&k.api)
	if err != nil {
		return nil, err
	}
	store, err := client.FindStore(ctx, k.api.store)
	if err != nil {
		return nil, err
	}
	secrets, err := secretsByName(ctx, client, store.ID)
	digests := map[string]string{}
	for name, s := range secrets {
		digests[name] = s.Digest
	}
	return digests, err
}

func missingKeys(list []keyring.Status) error {
	var missing []string
	for _, s := range list {
		if s.Stored == "no" && s.State != keyring.StateUnlisted {
			missing = append(missing, s.KID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return failure.Bad(fmt.Errorf("not in the secret store: %s (their links are refused, %s)", strings.Join(missing, ", "), core.KeyUnavailable),
		"clickedge keys push "+missing[0]+" --key-file FILE")
}

func (k *keysStatus) print(list []keyring.Status) error {
	if k.json {
		return output.JSON(k.env.Out, map[string][]keyring.Status{"keys": list})
	}
	return printKeys(k.env.Out, list)
}

func printKeys(out io.Writer, list []keyring.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	prints := slices.ContainsFunc(list, func(s keyring.Status) bool { return s.Fingerprint != "" })
	fmt.Fprintf(w, "KEY\t%sMINTS FOR\tVERIFIES FOR\tSTORED\tCLICKS\tLAST CLICK\tSTATE\tWHY\n", column(prints, "FINGERPRINT"))
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s%s\t%s\t%s\t%d\t%s\t%s\t%s\n", printable(s.KID), column(prints, output.Dash(s.Fingerprint)), hostsText(s.Mints), hostsText(s.Verifies), s.Stored,
			s.Clicks, output.Dash(day(s.Last)), s.State, s.Why)
	}
	return w.Flush()
}

// column is a cell of a column that may be left out.
func column(shown bool, cell string) string {
	if !shown {
		return ""
	}
	return cell + "\t"
}

// hostsText names one host and counts the others.
func hostsText(hosts []string) string {
	switch len(hosts) {
	case 0:
		return "-"
	case 1:
		return hosts[0]
	}
	return fmt.Sprintf("%s and %d more", hosts[0], len(hosts)-1)
}

// day is the date of an RFC 3339 time.
func day(s string) string { return s[:min(len(s), len(time.DateOnly))] }
