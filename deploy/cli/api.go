package cli

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// storeFlags say which secret store is meant, and how to reach it.
type storeFlags struct {
	store string
	apiFlags
}

// apiFlags say how the API is reached.
type apiFlags struct {
	tokenFile  string
	signingKey string // where the command takes one
	verbose    bool
}

func (a *apiFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.tokenFile, "token-file", "", "`file` with the API's token, - for standard input (default: "+fastlyapi.TokenEnv+")")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "print the API calls; never what is secret")
	_ = cmd.MarkFlagFilename("token-file")
}

func (s *storeFlags) add(cmd *cobra.Command) {
	s.apiFlags.add(cmd)
	cmd.Flags().StringVar(&s.store, "store", contract.SecretStore, "the secret store, by its `name` or id")
}

// account is as whom the API is called.
func (env *Env) account(a *apiFlags) *fastlyapi.Account {
	account := &fastlyapi.Account{In: env.in, LookupEnv: env.LookupEnv, TokenFile: a.tokenFile, SigningKey: cmp.Or(a.signingKey, env.SigningKey)}
	if a.verbose {
		account.Trace = func(line string) { fmt.Fprintln(env.Err, line) }
	}
	return account
}
