package testmail

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wneessen/go-mail"
)

// sendTimeout bounds a delivery.
const sendTimeout = 45 * time.Second

// Server is a mail server that mail is submitted to.
type Server struct {
	Host string
	Port int
	// Implicit: TLS from the first byte, as on port 465. Without it STARTTLS is
	// required.
	Implicit bool
	// Plain sends without TLS, to a server on this machine only.
	Plain bool
	// User and Password log in; both "" for none.
	User, Password string
	// Roots are the authorities that are trusted; nil for the system's.
	Roots *x509.CertPool
}

// String leaves the password out.
func (s Server) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// GoString leaves the password out.
func (s Server) GoString() string { return s.String() }

// Errors of sending.
var (
	ErrNoAddress = errors.New("a message needs a sender and a recipient")
	ErrPlain     = errors.New("without TLS mail is given to a server on this machine only")
	ErrLogin     = errors.New("a user needs a password, and a password a user")
)

// EML is the whole message, with CRLF.
func (m *Mail) EML() ([]byte, error) {
	msg, err := m.message()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// message joins the parts: text first, HTML as the preferred alternative.
func (m *Mail) message() (*mail.Msg, error) {
	if m.from == nil || len(m.to) == 0 {
		return nil, ErrNoAddress
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(m.to...)
	if strings.Contains(m.opt.Subject, "=?") {
		msg.SetGenHeaderPreformatted(mail.HeaderSubject, encodedWords(m.opt.Subject))
	} else {
		msg.Subject(m.opt.Subject)
	}
	msg.SetDateWithValue(m.opt.Now)
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(hex.EncodeToString(id) + "@" + domain)
	if s := SwitchOf(m.opt.Site); s.Field != "" && !m.asked.attr {
		value := s.On
		if m.asked.field {
			value = s.Off
		}
		msg.SetGenHeader(mail.Header(s.Field), value)
	}
	for _, f := range m.fields {
		msg.SetGenHeader(mail.Header(f[0]), f[1])
	}
	msg.SetBodyString(mail.TypeTextPlain, m.text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.html)
	return msg, nil
}

// encodedWords is a text in encoded words (RFC 2047, section 2), whatever is in
// it. The mail library leaves ASCII as it is, and a reader would decode what
// looks like such a word.
func encodedWords(text string) string {
	const most = 45 // bytes of a word, which may have 75 in all
	var words []string
	word := ""
	for _, r := range text {
		if len(word)+utf8.RuneLen(r) > most {
			words, word = append(words, word), ""
		}
		word += string(r)
	}
	words = append(words, word)
	for i, w := range words {
		words[i] = "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(w)) + "?="
	}
	return strings.Join(words, "\r\n ")
}

// Send submits the message to a server. The error never has the password.
func (m *Mail) Send(ctx context.Context, s Server) error {
	msg, err := m.message()
	if err != nil {
		return err
	}
	if s.Plain && !onThisMachine(s.Host) {
		return ErrPlain
	}
	if (s.User == "") != (s.Password == "") {
		return ErrLogin
	}
	client, err := s.client()
	if err == nil {
		err = deliver(ctx, client, msg)
	}
	return s.hide(err)
}

// deliver returns as soon as ctx ends, which go-mail checks only while it
// connects. The connection then ends by its own deadline, or with the process.
func deliver(ctx context.Context, client *mail.Client, msg *mail.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- client.DialAndSendWithContext(ctx, msg) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("broken off, and whether the server took the mail is not known: %w", ctx.Err())
	}
}

func onThisMachine(host string) bool {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

func (s Server) client() (*mail.Client, error) {
	opts := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(sendTimeout), mail.WithHELO("localhost"),
		mail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}),
		mail.WithTLSPolicy(mail.TLSMandatory),
	}
	switch {
	case s.Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case s.Implicit:
		opts = append(opts, mail.WithSSL())
	}
	if s.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.Plain {
			// Loopback only: see Send. Without TLS go-mail's other ways refuse.
			auth = mail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, mail.WithSMTPAuth(auth), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	return mail.NewClient(s.Host, opts...)
}

// hide removes the password from an error: a server may repeat it, also in
// base64 as it was sent.
func (s Server) hide(err error) error {
	if err == nil || s.Password == "" {
		return err
	}
	said := err.Error()
	text := said
	for _, secret := range []string{
		s.Password, base64.StdEncoding.EncodeToString([]byte(s.Password)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + s.User + "\x00" + s.Password)),
	} {
		text = strings.ReplaceAll(text, secret, "…")
	}
	if text == said {
		return err
	}
	return errors.New(text)
}

// ParseServer reads "host:port" or "host". Port 465 uses TLS from the start,
// every other STARTTLS; the default port is 587 (RFC 8314, RFC 6409).
func ParseServer(text string) (Server, error) {
	s := Server{Host: text, Port: 587}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := net.LookupPort("tcp", port)
		if err != nil || n == 0 || port[0] < '0' || port[0] > '9' {
			return s, fmt.Errorf("%q has no port from 1 to 65535", clip(text))
		}
		s.Host, s.Port = host, n
	}
	if s.Host == "" || strings.ContainsAny(s.Host, " /@:\t\r\n") && netipErr(s.Host) {
		return s, fmt.Errorf("%q is not HOST:PORT", clip(text))
	}
	s.Implicit = s.Port == 465
	return s, nil
}

func netipErr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil
}
