package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
)

// TokenVariable has the token in the environment, as for "clickedge publish".
const TokenVariable = "CLICKEDGE_LOG_HTTPS_HEADER_VALUE"

// mostToken is the most bytes of a token.
const mostToken = 8 << 10

// TokenSource is where the receiver's token comes from.
type TokenSource struct {
	LookupEnv  func(string) (string, bool)
	File       string // "" for none
	Flag       string // that names the file; "" is --log-token
	Credential string // file of systemd's; "" for none
	Read       func(name string) ([]byte, error)
	Warn       func(text string)
}

// Token returns the token that there is; "" for none. Two are refused, as nobody
// would know which one is sent. No error repeats anything of it.
func (s *TokenSource) Token() (string, error) {
	var tokens, from []string
	if value, set := s.LookupEnv(TokenVariable); set {
		token, err := check(TokenVariable, value)
		if err != nil {
			return "", err
		}
		tokens, from = append(tokens, token), append(from, TokenVariable)
	}
	for _, f := range []struct{ name, what string }{{s.File, "the file of " + s.flag()}, {s.Credential, "systemd's credential " + TokenCredential}} {
		if f.name == "" {
			continue
		}
		token, err := s.file(f.name, f.what)
		if err != nil {
			return "", err
		}
		tokens, from = append(tokens, token), append(from, f.what)
	}
	switch len(tokens) {
	case 0:
		return "", nil
	case 1:
		return tokens[0], nil
	}
	return "", failure.Usage(fmt.Errorf("the token of the log's receiver is given more than once: %s", strings.Join(from, ", ")), "leave one of them")
}

func (s *TokenSource) flag() string { return cmp.Or(s.Flag, "--log-token") }

// TokenCredential is the name of systemd's credential.
const TokenCredential = "clickedge.log"

func (s *TokenSource) file(name, what string) (string, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", failure.Usage(errors.New(what+" is not there; its name is not repeated, as a token may stand in its place"), s.flag()+" takes the name of a file; a token that was typed is in the shell's history: make a new one")
	}
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" && name == s.File {
		s.Warn(fmt.Sprintf("warning: %s, %q, can be read or written by others (mode %04o): chmod 600 %s", what, name, info.Mode().Perm(), output.ShellWord(name)))
	}
	text, err := s.Read(name)
	if err != nil {
		return "", err
	}
	if int64(len(text)) > mostToken {
		return "", failure.Usage(fmt.Errorf("%s is longer than %s", what, files.Size(mostToken)), tokenHint)
	}
	return check(what, strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
}

const tokenHint = "it is the whole value of the header field in one line, such as: Bearer 0123abcd"

// check refuses what cannot be, or was not meant as, the value of a field.
func check(what, token string) (string, error) {
	wrong := func(says string) (string, error) { return "", failure.Usage(errors.New(what+says), tokenHint) }
	switch {
	case strings.TrimSpace(token) == "":
		return wrong(" is empty")
	case strings.ContainsAny(strings.TrimSpace(token), "\r\n"):
		return wrong(" has more than one line")
	case strings.TrimSpace(token) != token:
		return wrong(" begins or ends in white space, which would be sent as part of it")
	}
	for _, c := range []byte(token) {
		if c < ' ' || c > '~' {
			return wrong(" has bytes that no header field takes")
		}
	}
	return token, nil
}
