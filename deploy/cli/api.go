package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// storeFlags say which secret store is meant, and how to reach it.
type storeFlags struct {
	store      string
	signingKey string
	apiFlags
}

// apiFlags say how the API is reached.
type apiFlags struct {
	tokenFile string
	verbose   bool
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
func (env *Env) account(a *apiFlags, signingKey string) *fastlyapi.Account {
	if signingKey == "" {
		signingKey = env.SigningKey
	}
	account := &fastlyapi.Account{In: env.in, LookupEnv: env.LookupEnv, TokenFile: a.tokenFile, SigningKey: signingKey}
	if a.verbose {
		account.Trace = func(line string) { fmt.Fprintln(env.Err, line) }
	}
	return account
}

// api returns a client for the account of a secret store.
func (env *Env) api(s *storeFlags) (*fastlyapi.Client, error) {
	return env.account(&s.apiFlags, s.signingKey).Client()
}
