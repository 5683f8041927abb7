package cli

import (
	"bytes"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/smtptest"
)

// The whole command: sites.json, a password file, a mail server, and the
// message written beside it.
func TestTestmailSends(t *testing.T) {
	dir := t.TempDir()
	sites, password, eml := filepath.Join(dir, "sites.json"), filepath.Join(dir, "password"), filepath.Join(dir, "out", "test.eml")
	require.NoError(t, os.WriteFile(sites, []byte(`{"sites": {"link.example.com": {"esp": "mailgun", "home": "https://www.example.com/"}}}`), 0o600))
	require.NoError(t, os.WriteFile(password, []byte("correct-horse\n"), 0o600))
	addr, got := smtptest.Mailbox(t)
	var out, errs bytes.Buffer
	env := &Env{Out: &out, Err: &errs, Now: time.Now, LookupEnv: os.LookupEnv}
	code := env.Run(t.Context(), []string{"testmail", "--sites", sites, "--from", "ann@example.com", "--to", "bo@example.net", "--smtp", addr,
		"--insecure-smtp", "--smtp-user", "ann", "--smtp-password-file", password, "--eml", eml})
	require.Equal(t, failure.ExitOK, code, errs.String())
	require.Contains(t, errs.String(), "sent to bo@example.net through "+addr)
	require.NotContains(t, out.String()+errs.String(), "correct-horse")
	box := <-got
	require.Equal(t, "\x00ann\x00correct-horse", box.Login)
	msg, err := mail.ReadMessage(strings.NewReader(box.Message))
	require.NoError(t, err)
	require.Equal(t, "yes", msg.Header.Get("X-Mailgun-Track-Clicks"))
	require.Contains(t, box.Message, `disable-tracking=3D"true" href=3D"https://www.`)
	info, err := os.Stat(eml)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
