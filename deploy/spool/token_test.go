package spool

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// A token comes from one place, whole, and no message has anything of it.
func TestToken(t *testing.T) {
	const secret = "Bearer hunter2-hunter2"
	for name, c := range map[string]struct {
		env, file, credential string // "-" for none
		mode                  os.FileMode
		want                  string // of the error, or the token
		warning               string
	}{
		"none":                  {"-", "-", "-", 0, "", ""},
		"environment":           {secret, "-", "-", 0, secret, ""},
		"file":                  {"-", secret, "-", 0o600, secret, ""},
		"file, line end":        {"-", secret + "\n", "-", 0o600, secret, ""},
		"file, CRLF":            {"-", secret + "\r\n", "-", 0o600, secret, ""},
		"credential":            {"-", "-", secret + "\n", 0o440, secret, ""},
		"file that all read":    {"-", secret, "-", 0o644, secret, "can be read or written by others (mode 0644)"},
		"empty environment":     {"", "-", "-", 0, "is empty", ""},
		"empty file":            {"-", "\n", "-", 0o600, "the file of --log-token is empty", ""},
		"empty credential":      {"-", "-", "", 0o400, "clickedge.log is empty", ""},
		"two: env and file":     {secret, secret, "-", 0o600, "more than once: " + TokenVariable + ", the file of --log-token", ""},
		"two: file, credential": {"-", secret, secret, 0o600, "more than once", ""},
		"two lines":             {"-", secret + "\n" + secret, "-", 0o600, "more than one line", ""},
		"space at the end":      {secret + " ", "-", "-", 0, "white space", ""},
		"two line ends":         {"-", secret + "\n\n", "-", 0o600, "white space", ""},
		"a control byte":        {secret + "\x01x", "-", "-", 0, "no header field takes", ""},
		"letters beyond ASCII":  {secret + "ü", "-", "-", 0, "no header field takes", ""},
		"too long":              {"-", strings.Repeat("hunter2", 5000), "-", 0o600, "longer than 8 KiB", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.warning != "" && runtime.GOOS == "windows" {
				t.Skip("there are no such bits")
			}
			dir, said := t.TempDir(), ""
			put := func(name, text string) string {
				if text == "-" {
					return ""
				}
				file := filepath.Join(dir, name)
				require.NoError(t, os.WriteFile(file, []byte(text), c.mode))
				return file
			}
			s := &TokenSource{File: put("file", c.file), Credential: put("credential", c.credential), Read: os.ReadFile,
				Warn:      func(text string) { said += text },
				LookupEnv: func(name string) (string, bool) { return c.env, c.env != "-" && name == TokenVariable }}
			token, err := s.Token()
			if err == nil {
				require.Equal(t, c.want, token)
			} else {
				require.ErrorContains(t, err, c.want)
				require.NotEmpty(t, c.want)
				require.True(t, failure.Is(err))
				require.NotContains(t, err.Error()+failure.Of(err).Hint, "hunter2")
			}
			require.Contains(t, said, c.warning)
			require.Equal(t, c.warning == "", said == "")
			require.NotContains(t, said, "hunter2")
		})
	}
}

// A token that was given in place of a file's name is not repeated.
func TestTokenAsName(t *testing.T) {
	s := &TokenSource{File: "hunter2", LookupEnv: func(string) (string, bool) { return "", false }}
	_, err := s.Token()
	require.ErrorContains(t, err, "is not there")
	require.NotContains(t, err.Error(), "hunter2")
}
