package cli

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mailbox is a mail server on loopback for one mail, without TLS. What it got is
// sent to the channel: the login, decoded, and the message.
func mailbox(t *testing.T) (addr string, got <-chan [2]string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	box := make(chan [2]string, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		box <- takeMail(conn)
	}()
	return ln.Addr().String(), box
}

func takeMail(conn net.Conn) (got [2]string) {
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 test\r\n")
	for inData := false; ; {
		line, err := in.ReadString('\n')
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch {
		case err != nil:
			return got
		case inData && line == ".\r\n":
			inData = false
			fmt.Fprint(conn, "250 queued\r\n")
		case inData:
			got[1] += line
		case word == "EHLO":
			fmt.Fprint(conn, "250-test\r\n250 AUTH PLAIN\r\n")
		case word == "AUTH":
			login, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(line, "AUTH PLAIN ")))
			got[0] = string(login)
			fmt.Fprint(conn, "235 ok\r\n")
		case word == "DATA":
			inData = true
			fmt.Fprint(conn, "354 go on\r\n")
		case word == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return got
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

// The whole command: sites.json, a password file, a mail server, and the message
// written beside it.
func TestTestmailSends(t *testing.T) {
	dir := t.TempDir()
	sites, password, eml := filepath.Join(dir, "sites.json"), filepath.Join(dir, "password"), filepath.Join(dir, "out", "test.eml")
	require.NoError(t, os.WriteFile(sites, []byte(`{"sites": {"link.example.com": {"esp": "mailgun", "home": "https://www.example.com/"}}}`), 0o600))
	require.NoError(t, os.WriteFile(password, []byte("correct-horse\n"), 0o600))
	addr, got := mailbox(t)
	var out, errs bytes.Buffer
	env := &Env{Out: &out, Err: &errs, Now: time.Now, LookupEnv: os.LookupEnv}
	code := env.Run(t.Context(), []string{"testmail", "--sites", sites, "--from", "ann@example.com", "--to", "bo@example.net", "--smtp", addr,
		"--insecure-smtp", "--smtp-user", "ann", "--smtp-password-file", password, "--eml", eml})
	require.Equal(t, ExitOK, code, errs.String())
	require.Contains(t, errs.String(), "sent to bo@example.net through "+addr)
	require.NotContains(t, out.String()+errs.String(), "correct-horse")
	box := <-got
	require.Equal(t, "\x00ann\x00correct-horse", box[0])
	msg, err := mail.ReadMessage(strings.NewReader(box[1]))
	require.NoError(t, err)
	require.Equal(t, "yes", msg.Header.Get("X-Mailgun-Track-Clicks"))
	require.Contains(t, box[1], `disable-tracking=3D"true" href=3D"https://www.`)
	info, err := os.Stat(eml)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
