package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/version"
)

const (
	// tokenEnv is the environment variable with the token of Fastly's API.
	// There is no flag for it: other users of the machine could read a command
	// line.
	tokenEnv = "FASTLY_API_TOKEN"
	// endpointEnv names another API, as it does for the Fastly CLI.
	endpointEnv = "FASTLY_API_ENDPOINT"
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
	f.StringVar(&a.tokenFile, "token-file", "", "`file` with the API's token, - for standard input (default: "+tokenEnv+")")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "print the API calls; never what is secret")
	_ = cmd.MarkFlagFilename("token-file")
}

func (s *storeFlags) add(cmd *cobra.Command) {
	s.apiFlags.add(cmd)
	cmd.Flags().StringVar(&s.store, "store", contract.SecretStore, "the secret store, by its `name` or id")
}

// hasToken reports whether the API can be asked.
func (env *Env) hasToken(a *apiFlags) bool {
	token, _ := env.LookupEnv(tokenEnv)
	return a.tokenFile != "" || token != ""
}

// api returns a client with the token of the file or the environment.
func (env *Env) api(s *storeFlags) (*fastlyapi.Client, error) {
	return env.apiClient(&s.apiFlags, s.signingKey)
}

func (env *Env) apiClient(a *apiFlags, signingKey string) (*fastlyapi.Client, error) {
	token, err := env.token(a)
	if err != nil {
		return nil, err
	}
	if signingKey == "" {
		signingKey = env.SigningKey
	}
	opt := fastlyapi.Options{UserAgent: "clickedge/" + version.Released().Version, SigningKey: signingKey}
	opt.Endpoint, _ = env.LookupEnv(endpointEnv)
	if a.verbose {
		opt.Trace = func(line string) { fmt.Fprintln(env.Err, line) }
	}
	client, err := fastlyapi.New(token, opt)
	if err != nil {
		return nil, failure.Usage(err, tokenEnv+" or --token-file holds the token and nothing else; "+endpointEnv+" is best left unset")
	}
	return client, nil
}

func (env *Env) token(a *apiFlags) (string, error) {
	if a.tokenFile != "" {
		text, err := env.in.ReadText("the token", a.tokenFile, input.MostSecret, "")
		return strings.TrimRight(string(text), "\r\n"), err
	}
	token, _ := env.LookupEnv(tokenEnv)
	if token == "" {
		return "", failure.Usage(errors.New(tokenEnv+" is not set"), "put a token of https://manage.fastly.com/account/personal/tokens, with the scope global, into the environment, or into a file for --token-file")
	}
	return token, nil
}

// apiFailure finds the hint for what a call came to.
func apiFailure(err error) error {
	var e *fastlyapi.Error
	switch {
	case errors.As(err, new(*failure.Error)):
		return err
	case errors.As(err, &e):
		return failure.Bad(err, e.Hint())
	case errors.Is(err, context.Canceled):
		return failure.Bad(errors.New("interrupted"), "")
	case fastlyapi.IsSignature(err):
		return failure.Bad(err, "--signing-key gives a newer one, should Fastly have changed it; --plain sends the secret inside TLS alone")
	}
	return failure.Bad(err, "")
}
