package server

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
)

const (
	keySite   = `{"sites": {"link.example.com": {"esp": "none", "keys": ["k1", "k2"], "destinations": ["shop.example.com"]}}}`
	oneSecret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	another   = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA"
)

// sources are where secrets come from in a test: "" for none.
type sources struct {
	env              map[string]string
	file, credential string
	mode             os.FileMode
}

// give puts them where the server looks.
func (s *sources) give(r *running, o *Options) {
	mode := s.mode
	if mode == 0 {
		mode = 0o600
	}
	put := func(name, text string) string {
		require.NoError(r.t, os.WriteFile(name, []byte(text), mode))
		require.NoError(r.t, os.Chmod(name, mode))
		return name
	}
	if s.file != "" {
		o.Keys = put(r.file("secrets"), s.file)
	}
	if s.credential != "" {
		o.Credentials = r.t.TempDir()
		put(filepath.Join(o.Credentials, KeysCredential), s.credential)
	}
	o.Source = keyring.NewSource(o.In, func(name string) (string, bool) { v, ok := s.env[name]; return v, ok }, func() (list []string) {
		for name, value := range s.env {
			list = append(list, name+"="+value)
		}
		return list
	})
}

func mint(t *testing.T, kid, secret string) string {
	t.Helper()
	url, err := signed.Mint(signed.Link{Host: "link.example.com", KeyID: kid, Destination: "https://shop.example.com/a"}, []byte(secret))
	require.NoError(t, err)
	return strings.TrimPrefix(url, "https://link.example.com")
}

// Secrets come from the environment, a file or a credential, and from several of
// them for several ids. Nothing that is printed has anything of them.
func TestSecrets(t *testing.T) {
	k1, k2 := "k1="+oneSecret+"\n", "k2="+another+"\n"
	for name, s := range map[string]sources{
		"environment":              {env: map[string]string{"CLICKEDGE_KEY_K1": oneSecret, "CLICKEDGE_KEY_K2": another}},
		"file":                     {file: k1 + k2},
		"file of JSON":             {file: fmt.Sprintf(`{"k1": %q, "k2": %q}`, oneSecret, another)},
		"credential":               {credential: k1 + k2, mode: 0o400},
		"environment and file":     {env: map[string]string{"CLICKEDGE_KEY_K1": oneSecret}, file: k2},
		"file and credential":      {file: k1, credential: k2},
		"the same in two places":   {env: map[string]string{"CLICKEDGE_KEY_K1": oneSecret}, file: k1 + k2},
		"credential that has none": {file: k1 + k2, credential: "{}\n"},
		"an empty variable, file":  {env: map[string]string{"CLICKEDGE_KEY_K1": ""}, file: k1 + k2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, keySite)
			o := r.options()
			s.give(r, &o)
			r.start(o)
			for kid, secret := range map[string]string{"k1": oneSecret, "k2": another} {
				status, location := r.click("link.example.com", mint(t, kid, secret))
				require.Equal(t, http.StatusFound, status, kid)
				require.Equal(t, "https://shop.example.com/a", location)
				require.Contains(t, r.err.String(), "key "+kid+", fingerprint ")
			}
			status, _ := r.click("link.example.com", mint(t, "k1", another))
			require.Equal(t, http.StatusForbidden, status)
			r.end()
			r.silent()
			require.NotContains(t, r.err.String(), "warning")
		})
	}
}

// silent requires that nothing of a secret was printed.
func (r *running) silent() {
	r.t.Helper()
	for _, text := range []string{r.out.String(), r.err.String()} {
		require.NotContains(r.t, text, oneSecret[:8])
		require.NotContains(r.t, text, another[:8])
	}
}

// Secrets that are wrong end the start, with what is wrong and what to do; where
// one is missing its links are refused, which is said.
func TestSecretsRefused(t *testing.T) {
	k1, k2 := "k1="+oneSecret+"\n", "k2="+another+"\n"
	for name, c := range map[string]struct {
		sources
		want string
	}{
		"an empty file":             {sources{file: "\n"}, "it is empty"},
		"an empty object":           {sources{file: "{}"}, "it holds no key"},
		"an empty credential":       {sources{credential: "\n"}, "it is empty"},
		"two in file and env":       {sources{env: map[string]string{"CLICKEDGE_KEY_K1": another}, file: k1}, "different secrets"},
		"two in file, credential":   {sources{file: k1, credential: "k1=" + another}, "and so does"},
		"twice in one file":         {sources{file: k1 + "k1=" + another}, "given twice"},
		"one secret for two":        {sources{file: k1 + "k2=" + oneSecret}, "the same secret"},
		"one for two, env and file": {sources{env: map[string]string{"CLICKEDGE_KEY_K2": oneSecret}, file: k1}, "the same secret"},
		"without an id":             {sources{file: oneSecret}, "does not say whose secret"},
		"of another site":           {sources{file: "k9=" + oneSecret}, "has \"k1\", \"k2\""},
		"too short":                 {sources{file: "k1=" + oneSecret[:9]}, "key \"k1\""},
		"no line of secrets":        {sources{file: k1 + oneSecret + another}, "line 2"},
		"a file's name in env":      {sources{env: map[string]string{"CLICKEDGE_KEY_K1": "/etc/passwd"}}, "CLICKEDGE_KEY_K1"},
		"another's in env":          {sources{env: map[string]string{"CLICKEDGE_KEY_K1": k2}}, "it holds the secret of \"k2\""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning(t, keySite)
			o := r.options()
			c.give(r, &o)
			err := Run(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.True(t, failure.Is(err))
			require.NotContains(t, r.err.String(), "in service")
			r.silent()
			text := err.Error() + failure.Of(err).Hint
			require.NotContains(t, text, oneSecret[:8])
			require.NotContains(t, text, another[:8])
		})
	}
	for name, c := range map[string]struct {
		sources
		want string
	}{
		"one is missing":             {sources{file: k1}, `no secret of key "k2": its links are refused (key_unavailable)`},
		"a credential that has none": {sources{credential: "{}"}, `no secret of key "k1"`},
		"all are missing":            {sources{}, `no secret of key "k1"`},
		"misnamed variable":          {sources{env: map[string]string{"CLICKEDGE_KEY_K2": another, "CLICKEDGE_K1": oneSecret}}, "CLICKEDGE_K1 is not read"},
		"a file that all read":       {sources{file: k1, mode: 0o644}, "can be read or written by others (mode 0644)"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.mode != 0 && runtime.GOOS == "windows" {
				t.Skip("there are no such bits")
			}
			r := newRunning(t, keySite)
			o := r.options()
			c.give(r, &o)
			r.start(o)
			require.Contains(t, r.err.String(), c.want)
			r.end()
			r.silent()
		})
	}
}

// A secret that is changed to a wrong one, or taken away, leaves in service what
// was there.
func TestSecretsChange(t *testing.T) {
	r := newRunning(t, keySite)
	o := r.options()
	s := sources{file: "k1=" + oneSecret + "\nk2=" + another + "\n"}
	s.give(r, &o)
	r.start(o)
	for i, text := range []string{"", "k1=" + oneSecret[:5], "k1=" + another + "\nk2=" + another} {
		r.write("secrets", text)
		require.Eventually(t, func() bool { return strings.Count(r.err.String(), "what was in service before stays") == i+1 }, wait30, tick, "%s", &r.err)
		status, _ := r.click("link.example.com", mint(t, "k1", oneSecret))
		require.Equal(t, http.StatusFound, status)
	}
	r.write("secrets", "k1="+another+"\n")
	r.until("in service now")
	status, _ := r.click("link.example.com", mint(t, "k1", another))
	require.Equal(t, http.StatusFound, status)
	status, _ = r.click("link.example.com", mint(t, "k1", oneSecret))
	require.Equal(t, http.StatusForbidden, status)
	r.end()
	r.silent()
}
