package testmail

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/origins"
)

const password = "correct-horse-battery"

// smtpServer is a mail server on loopback. It accepts mail over TLS and, if it
// has a user, after a login.
type smtpServer struct {
	port  int
	roots *x509.CertPool
	cert  tls.Certificate

	implicit, noTLS, plain, refuse bool
	user                           string

	mu    sync.Mutex
	mails [][]byte
	rcpt  []string
	lines []string
}

func (s *smtpServer) start(t *testing.T) Server {
	t.Helper()
	fleet, err := origins.Start(nil, origins.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	s.cert, err = fleet.Certificate("127.0.0.1")
	require.NoError(t, err)
	s.roots = fleet.CA()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if s.implicit {
		ln = tls.NewListener(ln, s.config())
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	s.port, err = strconv.Atoi(port)
	require.NoError(t, err)
	return Server{Host: "127.0.0.1", Port: s.port, Implicit: s.implicit, Plain: s.plain, Roots: s.roots}
}

func (s *smtpServer) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.cert}}
}

// session is one connection.
type session struct {
	*smtpServer
	conn    net.Conn
	r       *bufio.Reader
	secured bool
	known   bool
}

func (s *smtpServer) serve(conn net.Conn) {
	c := &session{smtpServer: s, conn: conn, r: bufio.NewReader(conn), secured: s.implicit, known: s.user == ""}
	defer func() { c.conn.Close() }()
	c.say("220 test ESMTP")
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || !c.command(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (c *session) say(format string, args ...any) { fmt.Fprintf(c.conn, format+"\r\n", args...) }

func (c *session) command(line string) bool {
	c.mu.Lock()
	c.lines = append(c.lines, line)
	c.mu.Unlock()
	word, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(word) {
	case "EHLO", "HELO":
		c.say("250-test")
		if !c.secured && !c.noTLS {
			c.say("250-STARTTLS")
		}
		c.say("250-AUTH PLAIN LOGIN")
		c.say("250 8BITMIME")
	case "STARTTLS":
		c.say("220 go")
		c.conn = tls.Server(c.conn, c.config())
		c.r, c.secured = bufio.NewReader(c.conn), true
	case "AUTH":
		c.auth(rest)
	case "MAIL":
		if !c.known {
			c.say("530 login first")
			return true
		}
		c.say("250 ok")
	case "RCPT":
		c.mu.Lock()
		c.rcpt = append(c.rcpt, rest)
		c.mu.Unlock()
		c.say("250 ok")
	case "DATA":
		c.data()
	case "QUIT":
		c.say("221 bye")
		return false
	default:
		c.say("250 ok")
	}
	return true
}

func (c *session) auth(rest string) {
	way, sent, _ := strings.Cut(rest, " ")
	text, _ := base64.StdEncoding.DecodeString(sent)
	if strings.EqualFold(way, "PLAIN") && string(text) == "\x00"+c.user+"\x00"+password {
		c.known = true
		c.say("235 ok")
		return
	}
	// This server repeats the credentials in its answer.
	c.say("535 no user %s with password %s", sent, strings.ReplaceAll(string(text), "\x00", " "))
}

func (c *session) data() {
	if c.refuse {
		c.say("554 no mail today")
		return
	}
	c.say("354 go on")
	var mail []byte
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		mail = append(mail, strings.TrimPrefix(line, ".")...)
	}
	c.mu.Lock()
	c.mails = append(c.mails, mail)
	c.mu.Unlock()
	c.say("250 queued")
}

func send(t *testing.T, s Server) (*Mail, error) {
	t.Helper()
	m, err := New(options(t, "all"))
	require.NoError(t, err)
	return m, m.Send(t.Context(), s)
}

// The message arrives unchanged over STARTTLS and over TLS from the start, with
// and without a login, and without TLS with Plain.
func TestSend(t *testing.T) {
	for name, server := range map[string]*smtpServer{
		"STARTTLS":              {},
		"TLS at once":           {implicit: true},
		"with a login":          {user: "ann"},
		"TLS at once and login": {implicit: true, user: "ann"},
		"without TLS":           {noTLS: true, plain: true},
		"without TLS, login":    {noTLS: true, plain: true, user: "ann"},
	} {
		t.Run(name, func(t *testing.T) {
			to := server.start(t)
			if server.user != "" {
				to.User, to.Password = server.user, password
			}
			m, err := send(t, to)
			require.NoError(t, err)
			server.mu.Lock()
			defer server.mu.Unlock()
			require.Len(t, server.mails, 1)
			checkMessage(t, m, server.mails[0])
			require.Equal(t, []string{"TO:<bo@example.net>"}, server.rcpt)
		})
	}
}

// No password and no mail is sent over an unencrypted connection or to a server
// with another name.
func TestSendRefuses(t *testing.T) {
	stripped := &smtpServer{noTLS: true, user: "ann"}
	to := stripped.start(t)
	to.User, to.Password = "ann", password
	_, err := send(t, to)
	require.Error(t, err)
	require.NotContains(t, strings.Join(stripped.lines, "\n"), "AUTH", "STARTTLS was taken out on the way")
	require.Empty(t, stripped.mails)

	other := &smtpServer{user: "ann"}
	to = other.start(t)
	to.User, to.Password, to.Roots = "ann", password, x509.NewCertPool()
	_, err = send(t, to)
	require.ErrorContains(t, err, "certificate")
	require.Empty(t, other.mails)
	require.NotContains(t, strings.Join(other.lines, "\n"), "AUTH")

	_, err = send(t, Server{Host: "192.0.2.1", Port: 25, Plain: true})
	require.ErrorIs(t, err, ErrPlain)
	_, err = send(t, Server{Host: "smtp.example.com", Port: 25, Plain: true})
	require.ErrorIs(t, err, ErrPlain)
	_, err = send(t, Server{Host: "127.0.0.1", Port: 1, User: "ann"})
	require.ErrorIs(t, err, ErrLogin)
	_, err = send(t, Server{Host: "127.0.0.1", Port: 1, Password: "x"})
	require.ErrorIs(t, err, ErrLogin)
	_, err = send(t, Server{Host: "127.0.0.1", Port: 1})
	require.ErrorContains(t, err, "refused")
}

// A password that the server repeats is not in the error.
func TestPasswordIsHidden(t *testing.T) {
	server := &smtpServer{user: "somebody-else"}
	to := server.start(t)
	to.User, to.Password = "ann", password
	_, err := send(t, to)
	require.ErrorContains(t, err, "535")
	require.NotContains(t, err.Error(), password)
	require.NotContains(t, err.Error(), base64.StdEncoding.EncodeToString([]byte("\x00ann\x00"+password)))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", to, to, to), password)

	full := &smtpServer{refuse: true}
	_, err = send(t, full.start(t))
	require.ErrorContains(t, err, "no mail today")
}

// Sending to a server that does not answer ends with the context.
func TestSendBreaksOff(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			defer conn.Close()
			cancel() // the client waits for a greeting by now
			_, _ = conn.Read(make([]byte, 1))
		}
	}()
	m, err := New(options(t, "sendgrid"))
	require.NoError(t, err)
	s, err := ParseServer(ln.Addr().String())
	require.NoError(t, err)
	require.ErrorIs(t, m.Send(ctx, s), context.Canceled)
}

func TestParseServer(t *testing.T) {
	for text, want := range map[string]Server{
		"smtp.example.com":     {Host: "smtp.example.com", Port: 587},
		"smtp.example.com:465": {Host: "smtp.example.com", Port: 465, Implicit: true},
		"smtp.example.com:25":  {Host: "smtp.example.com", Port: 25},
		"[::1]:2525":           {Host: "::1", Port: 2525},
		"::1":                  {Host: "::1", Port: 587},
	} {
		got, err := ParseServer(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", ":25", "a:b", "a:0", "a:70000", "a:smtp", "https://a", "a b", "user@a", "a:1:2"} {
		_, err := ParseServer(text)
		require.Error(t, err, text)
	}
}
