package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/spf13/cobra"
)

const (
	// tokenEnv is the environment variable with the token of Fastly's API. There is
	// no flag for it: other users of the machine could read a command line.
	tokenEnv = "FASTLY_API_TOKEN"
	// endpointEnv names another API, as it does for the Fastly CLI.
	endpointEnv = "FASTLY_API_ENDPOINT"
)

// storeFlags say which secret store is meant, and how to reach it.
type storeFlags struct {
	store      string
	signingKey string
	verbose    bool
}

func (s *storeFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.store, "store", keyStore, "the secret store, by its `name` or id")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print the API calls; never what is secret")
}

// hasToken tells whether the API can be asked.
func (env *Env) hasToken() bool {
	token, ok := env.LookupEnv(tokenEnv)
	return ok && token != ""
}

// api returns a client with the token of the environment.
func (env *Env) api(s *storeFlags) (*fastlyapi.Client, error) {
	token, _ := env.LookupEnv(tokenEnv)
	if token == "" {
		return nil, usage(errors.New(tokenEnv+" is not set"), "put a token of https://manage.fastly.com/account/personal/tokens, with the scope global, into the environment")
	}
	opt := fastlyapi.Options{UserAgent: "clickedge/" + version(), SigningKey: s.signingKey}
	opt.Endpoint, _ = env.LookupEnv(endpointEnv)
	if s.verbose {
		opt.Trace = func(line string) { fmt.Fprintln(env.Err, line) }
	}
	client, err := fastlyapi.New(token, opt)
	if err != nil {
		return nil, usage(err, tokenEnv+" holds the token and nothing else; "+endpointEnv+" is best left unset")
	}
	return client, nil
}

// apiFailure finds the hint for what a call came to.
func apiFailure(err error) error {
	var e *fastlyapi.Error
	switch {
	case errors.As(err, new(*failure)):
		return err
	case errors.As(err, &e):
		return bad(err, e.Hint())
	case errors.Is(err, context.Canceled):
		return bad(errors.New("interrupted"), "")
	case fastlyapi.IsSignature(err):
		return bad(err, "--signing-key gives a newer one, should Fastly have changed it; --plain sends the secret inside TLS alone")
	}
	return bad(err, "")
}
