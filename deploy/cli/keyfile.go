package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// keyFileFlag adds --key-file.
func keyFileFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVar(files, "key-file", nil, "`file` with secrets, - for standard input, KID=FILE for one that does not say whose; may be given again")
	_ = cmd.MarkFlagFilename("key-file")
}

// mostKeyFile is the most bytes of a key file: a few secrets of the longest
// kind.
const mostKeyFile = 1 << 20

// secretSource is where this process may take secrets from.
func (env *Env) secretSource() *keyring.Source {
	return &keyring.Source{
		Read:      func(name string) ([]byte, error) { return env.readText("the key file", name, mostKeyFile, "") },
		LookupEnv: env.LookupEnv,
		Environ:   env.Environ,
		Warn:      func(text string) { fmt.Fprintln(env.Err, "warning: "+text) },
	}
}

// secrets gathers what is wanted.
func (env *Env) secrets(w keyring.Want) (*keyring.Ring, error) {
	ring, err := keyring.Resolve(env.secretSource(), w)
	if err != nil {
		return nil, secretFailure(err)
	}
	return ring, nil
}

func secretFailure(err error) error {
	if errors.As(err, new(*failure.Error)) { // of reading
		return err
	}
	return failure.Usage(err, keyring.HintOf(err))
}

// siteSecrets gathers secrets of one site's keys. The variables of need alone
// are read; nil is all of them.
func (env *Env) siteSecrets(files []string, site *core.Site, sites *core.Sites, exact string, need []string) (*keyring.Ring, error) {
	return env.secrets(keyring.Want{Files: files, IDs: site.Keys, Exact: exact, Need: need, Known: sitesfile.KeyIDs(sites), Who: "site " + site.Host})
}

// noSecret is a failure for want of a secret.
func (env *Env) noSecret(err error, kid string) *failure.Error {
	return failure.Usage(err, keyring.MissingHint(env.secretSource(), kid))
}

// andGiven adds which secrets were given in place of the one that is missing.
func andGiven(err error, ring *keyring.Ring) error {
	if given := ring.IDs(); len(given) > 0 {
		return fmt.Errorf("%w; what was given is the secret of %s", err, strings.Join(given, ", "))
	}
	return err
}
