// Package smtptest has a mail server on loopback that takes one mail, for tests
// of code that sends mail.
package smtptest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Mail is the mail that the server received.
type Mail struct {
	Login   string // of AUTH PLAIN, decoded
	Message string
}

// Mailbox starts a server without TLS that takes one mail and sends it to the
// channel.
func Mailbox(t *testing.T) (addr string, got <-chan Mail) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	box := make(chan Mail, 1)
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

func takeMail(conn net.Conn) (got Mail) {
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
			got.Message += line
		case word == "EHLO":
			fmt.Fprint(conn, "250-test\r\n250 AUTH PLAIN\r\n")
		case word == "AUTH":
			login, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(line, "AUTH PLAIN ")))
			got.Login = string(login)
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
