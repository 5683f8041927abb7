package fastlyapi

import (
	"context"
	"errors"
	"strings"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/version"
)

const (
	// TokenEnv is the environment variable with the token of Fastly's API.
	// There is no flag for it: other users of the machine could read a command
	// line.
	TokenEnv = "FASTLY_API_TOKEN"
	// EndpointEnv names another API, as it does for the Fastly CLI.
	EndpointEnv = "FASTLY_API_ENDPOINT"
)

// Account says with which token a command calls the API.
type Account struct {
	In        *input.Input
	LookupEnv func(string) (string, bool)
	TokenFile string // "" for the environment
	// SigningKey signs the client keys; "" is Fastly's own.
	SigningKey string
	Trace      func(line string) // nil for nobody
}

// HasToken reports whether the API can be called.
func (a *Account) HasToken() bool {
	token, _ := a.LookupEnv(TokenEnv)
	return a.TokenFile != "" || token != ""
}

// Client returns a client with the token of the file or the environment.
func (a *Account) Client() (*Client, error) {
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	opt := Options{UserAgent: "clickedge/" + version.Released().Version, SigningKey: a.SigningKey, Trace: a.Trace}
	opt.Endpoint, _ = a.LookupEnv(EndpointEnv)
	client, err := New(token, opt)
	if err != nil {
		return nil, failure.Usage(err, TokenEnv+" or --token-file holds the token and nothing else; "+EndpointEnv+" is best left unset")
	}
	return client, nil
}

func (a *Account) token() (string, error) {
	if a.TokenFile != "" {
		text, err := a.In.ReadText("the token", a.TokenFile, input.MostSecret, "")
		return strings.TrimRight(string(text), "\r\n"), err
	}
	token, _ := a.LookupEnv(TokenEnv)
	if token == "" {
		return "", failure.Usage(errors.New(TokenEnv+" is not set"), "put a token of https://manage.fastly.com/account/personal/tokens, with the scope global, into the environment, or into a file for --token-file")
	}
	return token, nil
}

// Failure finds the hint for an error of a call.
func Failure(err error) error {
	var e *Error
	switch {
	case failure.Is(err):
		return err
	case errors.As(err, &e):
		return failure.Bad(err, e.Hint())
	case errors.Is(err, context.Canceled):
		return failure.Bad(errors.New("interrupted"), "")
	case errors.Is(err, errSignature):
		return failure.Bad(err, "--signing-key gives a newer one, should Fastly have changed it; --plain sends the secret inside TLS alone")
	}
	return failure.Bad(err, "")
}
