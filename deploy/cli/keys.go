package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
)

func (env *Env) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, store and retire the secrets of signed links",
		Args:  commandName,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return failure.Usage(errors.New("keys: no command given"), "clickedge keys new makes a secret")
		},
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(env.keysNewCommand(), env.keysNameCommand(), env.keysPushCommand(), env.keysStatusCommand(), env.keysRemoveCommand())
	return cmd
}

type keysNew struct {
	env    *Env
	kid    string
	out    string
	stdout bool
	bare   bool
}

func (env *Env) keysNewCommand() *cobra.Command {
	k := &keysNew{env: env}
	cmd := &cobra.Command{
		Use:   "new [--kid k2] [-o FILE | --stdout]",
		Short: "Make a new random secret",
		Long: `Makes a secret of 32 random bytes, written as 43 letters of base64url, into a new
file that only its owner can read. An existing file is never written over.

The file says the key's id and its fingerprint, a short hash by which two people can
compare what they have. The secret is what stands behind "k2=": give the whole file to
no other program as the secret. --bare writes the secret and nothing else, without a
newline, for a program that stores it.`,
		Example: `  clickedge keys new --kid k2
  clickedge keys new --kid k2 --stdout | clickedge keys push k2 --stdin`,
		Args: args(0, 0),
		RunE: func(*cobra.Command, []string) error { return k.run() },
	}
	cmd.Flags().StringVar(&k.kid, "kid", "k1", "key `id`: 1 to 8 of a-z 0-9")
	cmd.Flags().StringVarP(&k.out, "output", "o", "", "new `file` for the secret, - for standard output (default <kid>.key)")
	cmd.Flags().BoolVar(&k.stdout, "stdout", false, "write the key file to standard output instead")
	cmd.Flags().BoolVar(&k.bare, "bare", false, "write the secret alone, which then does not say whose it is")
	cmd.MarkFlagsMutuallyExclusive("output", "stdout")
	return cmd
}

func (k *keysNew) run() error {
	key, err := keyring.Make(k.kid)
	if err != nil {
		return err
	}
	text := key.Text()
	if k.bare {
		text = key.Secret()
	}
	if k.stdout || k.out == "-" {
		if _, err := fmt.Fprint(k.env.Out, text); err != nil {
			return failure.Bad(fmt.Errorf("cannot write the secret: %w", err), "")
		}
		k.say(key, "--stdin   # with this output piped in")
		return nil
	}
	file, err := keyring.Create(k.out, key, text, "choose another name with -o; a key that has signed mail must be kept as long as its links")
	if err != nil {
		return err
	}
	fmt.Fprintln(k.env.Out, file)
	k.say(key, "--key-file "+file)
	return nil
}

// say tells the operator the order in which a new key is brought in: verify
// everywhere first, mint afterwards.
func (k *keysNew) say(key keyring.Key, from string) {
	fmt.Fprintf(k.env.Err, `
%[3]s

What to do next:
 1. Put the secret into the service's secret store "clickedge-keys":
      clickedge keys push %[1]s %[2]s
 2. Add %[1]q to the "keys" of the site in sites.json, last at first; build and deploy.
    From then on its links verify.
 3. Move %[1]q to the front: "clickedge sign" mints with the first key.
 4. Take an old key out only when its last link may die: "clickedge keys status" says when.
Keep the secret out of version control.
`, k.kid, from, key)
}

// keysNameCommand: key files of before this format hold a secret alone.
func (env *Env) keysNameCommand() *cobra.Command {
	var keyFile, out string
	cmd := &cobra.Command{
		Use:   "name KID --key-file FILE [-o FILE]",
		Short: "Put id and fingerprint to a secret whose file does not say them",
		Long: `Writes a new key file, as "keys new" does, with the secret of a file that does not say
whose it is. The secret stays the same, byte for byte; the old file stays as it is.`,
		Example: `  clickedge keys name k1 --key-file old/secret.txt -o k1.key`,
		Args:    args(1, 1),
		RunE:    func(_ *cobra.Command, args []string) error { return env.nameKey(args[0], keyFile, out) },
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "`file` with the secret, - for standard input")
	cmd.Flags().StringVarP(&out, "output", "o", "", "new `file` (default <kid>.key)")
	_ = cmd.MarkFlagRequired("key-file")
	_ = cmd.MarkFlagFilename("key-file")
	return cmd
}

func (env *Env) nameKey(kid, keyFile, out string) error {
	key, err := keyring.Name(env.keys(), keyFile, kid)
	if err != nil {
		return err
	}
	file, err := keyring.Create(out, key, key.Text(), "choose another name with -o")
	if err != nil {
		return err
	}
	fmt.Fprintln(env.Out, file)
	fmt.Fprintln(env.Err, key)
	return nil
}
