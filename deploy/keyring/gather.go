package keyring

import (
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// mostKeyFile is the most bytes of a key file: a few secrets of the longest
// kind.
const mostKeyFile = 1 << 20

// NewSource is where a call of the command may take secrets from. Warnings go
// to in.Err.
func NewSource(in *input.Input, lookupEnv func(string) (string, bool), environ func() []string) *Source {
	return &Source{
		Read:      func(name string) ([]byte, error) { return in.ReadText("the key file", name, mostKeyFile, "") },
		LookupEnv: lookupEnv,
		Environ:   environ,
		Warn:      func(text string) { fmt.Fprintln(in.Err, "warning: "+text) },
	}
}

// Gather is [Resolve] for a command: what goes wrong is a failure with a hint.
func Gather(src *Source, w Want) (*Ring, error) {
	ring, err := Resolve(src, w)
	if err != nil {
		return nil, Failure(err)
	}
	return ring, nil
}

// GatherSite gathers secrets of one site's keys. The variables of need alone
// are read; nil is all of them.
func GatherSite(src *Source, files []string, site *core.Site, sites *core.Sites, exact string, need []string) (*Ring, error) {
	return Gather(src, Want{Files: files, IDs: site.Keys, Exact: exact, Need: need, Known: sitesfile.KeyIDs(sites), Who: "site " + site.Host})
}

// Failure is that of secrets that cannot be had.
func Failure(err error) error {
	if failure.Is(err) { // of reading
		return err
	}
	hint := ""
	if e := new(Error); errors.As(err, &e) {
		hint = e.Hint
	}
	return failure.Usage(err, hint)
}

// Missing is a failure for want of the secret of a key. The hint says how to
// give it, and why it was not found.
func Missing(src *Source, err error, kid string) *failure.Error {
	hint := "give --key-file FILE, or set " + EnvName(kid)
	if name := src.misnamed(kid); name != "" {
		hint += "; " + name + " is set, but not read"
	} else if value, ok := src.LookupEnv(EnvName(kid)); ok && value == "" {
		hint += ", which is empty"
	}
	return failure.Usage(err, hint)
}

// ErrMissing is that the secret of a key is not among these. It says which were
// given in its place, and wraps [ErrNoSecret].
func (r *Ring) ErrMissing(err error) error {
	if given := r.IDs(); errors.Is(err, ErrNoSecret) && len(given) > 0 {
		return fmt.Errorf("%w; what was given is the secret of %s", err, strings.Join(given, ", "))
	}
	return err
}
