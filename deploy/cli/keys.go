package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/deploy/files"
	"github.com/spf13/cobra"
)

func (env *Env) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, store and retire the secrets of links of one's own",
		Args:  commandName,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(errors.New("keys: no command given"), "clickedge keys new makes a secret")
		},
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(env.keysNewCommand(), env.keysPushCommand(), env.keysStatusCommand())
	return cmd
}

type keysNew struct {
	env    *Env
	kid    string
	out    string
	stdout bool
}

func (env *Env) keysNewCommand() *cobra.Command {
	k := &keysNew{env: env}
	cmd := &cobra.Command{
		Use:   "new [--kid k2] [-o FILE | --stdout]",
		Short: "Make a new random secret",
		Long: `Makes a secret of 32 random bytes, written as 43 letters of base64url, into a new
file that only its owner can read. An existing file is never written over.

The file holds the secret and no newline, because a secret store keeps every byte.`,
		Example: `  clickedge keys new --kid k2
  clickedge keys new --kid k2 --stdout | clickedge keys push k2 --stdin`,
		Args: args(0, 0),
		RunE: func(*cobra.Command, []string) error { return k.run() },
	}
	cmd.Flags().StringVar(&k.kid, "kid", "k1", "key `id`: 1 to 8 of a-z 0-9")
	cmd.Flags().StringVarP(&k.out, "output", "o", "", "new `file` for the secret (default <kid>.key)")
	cmd.Flags().BoolVar(&k.stdout, "stdout", false, "write the secret to standard output instead")
	cmd.MarkFlagsMutuallyExclusive("output", "stdout")
	return cmd
}

func (k *keysNew) run() error {
	if !isKid(k.kid) {
		return usage(fmt.Errorf("--kid %q is not a key id", k.kid), "1 to 8 of a-z 0-9, such as k2")
	}
	secret := newSecret()
	if k.stdout {
		if _, err := fmt.Fprint(k.env.Out, secret); err != nil {
			return bad(fmt.Errorf("cannot write the secret: %w", err), "")
		}
		k.say("--stdin   # with this output piped in")
		return nil
	}
	if k.out == "" {
		k.out = k.kid + ".key"
	}
	if err := files.Create(k.out, []byte(secret)); err != nil {
		return bad(err, "choose another name with -o; a key that has signed mail must be kept as long as its links")
	}
	fmt.Fprintln(k.env.Out, k.out)
	k.say("--key-file " + k.out)
	return nil
}

// say tells the operator the order in which a new key is brought in: verify
// everywhere first, mint afterwards.
func (k *keysNew) say(from string) {
	fmt.Fprintf(k.env.Err, `
What to do next:
 1. Put the secret into the service's secret store "clickedge-keys":
      clickedge keys push %[1]s %[2]s
 2. Add %[1]q to the "keys" of the site in sites.json, last at first; build and deploy.
    From then on its links verify.
 3. Move %[1]q to the front: "clickedge sign" mints with the first key.
 4. Take an old key out only when its last link may die: "clickedge keys status" says when.
Keep the secret out of version control.
`, k.kid, from)
}

// newSecret returns 32 random bytes as base64url text: it is the text that is
// the secret. crypto/rand does not fail: it ends the process instead.
func newSecret() string {
	var b [minSecret]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
