package teach

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// crlf writes a mail as it is on the wire.
func crlf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// The links of a mail are found as a reader can click on them, however its parts
// are nested and encoded, each once and in their order.
func TestReadMail(t *testing.T) {
	m, err := ReadMail(crlf(
		"From: shop@example.com", "To: Ann <ann@example.com>, ben@example.com", "Cc: broken@", "Delivered-To: cat@example.com",
		"Content-Type: multipart/mixed; boundary=a", "",
		"--a", "Content-Type: multipart/alternative; boundary=b", "",
		"--b", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
		"R28gdG8gaHR0cHM6Ly9hLmV4YW1wbGUvMS4gT3IgKGh0dHA6Ly9iLmV4YW1wbGUvMik/", // Go to https://a.example/1. Or (http://b.example/2)?
		"--b", "Content-Type: text/html; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "",
		"<p>caf=E9 <a class=3D\"x\" href=3D\"https://c.example/3?x=3D1&amp;y=3D=", "2\">a</a><img src=3D\"https://d.example/pixel\">",
		"<map><area href=3D' https://e.example/4 '></map><a HREF=3Dhttps://a.example/1>again</a><a name=3Dx>none</a>",
		"--b--",
		"--a", "Content-Type: text/calendar", "", "https://f.example/attached",
		"--a--"))
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example/1", "http://b.example/2", "https://c.example/3?x=1&y=2", "https://e.example/4"}, m.URLs)
	require.Equal(t, []string{"ann@example.com", "ben@example.com", "cat@example.com"}, m.To)

	m, err = ReadMail(crlf("From: a@example.com", "", "https://a.example/1 https://a.example/1 HTTP://G.example/"))
	require.NoError(t, err, "without a type it is plain text")
	require.Equal(t, []string{"https://a.example/1", "HTTP://G.example/"}, m.URLs)
	m, err = ReadMail(crlf("From: a@example.com", "Content-Type: text/plain; charset=x-unheard-of", "", "https://a.example/1"))
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example/1"}, m.URLs)
}

// A mail that was forwarded as an attachment has its own recipients and links.
func TestReadAttachedMail(t *testing.T) {
	m, err := ReadMail(crlf("From: ann@example.com", "To: shop@example.com", "Content-Type: multipart/mixed; boundary=a", "",
		"--a", "Content-Type: text/plain", "", "See below.", "--a", "Content-Type: message/rfc822", "",
		"From: shop@example.com", "To: Ann Lee <ann@example.com>", "Content-Type: text/html", "Content-Transfer-Encoding: quoted-printable", "",
		"<a href=3D\"https://a.example/1=", "2\">a</a>", "--a--"))
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example/12"}, m.URLs)
	require.Equal(t, []string{"shop@example.com", "ann@example.com"}, m.To)
}

// What is irregular, but not for mail programs and browsers.
func TestReadIrregularMail(t *testing.T) {
	for _, kind := range []string{"text/html; charset=utf-8; charset=x", "TEXT/HTML;", "text/html; charset=\"utf-8", " text/html ;;"} {
		m, err := ReadMail(crlf("From: a@example.com", "Content-Type: "+kind, "", "<A Href='https://a.example/?x=1&amp;y=", "\t2'>"))
		require.NoError(t, err, kind)
		require.Equal(t, []string{"https://a.example/?x=1&y=2"}, m.URLs, kind)
	}
}

// A mail with more links than any mail has is refused, not read for hours.
func TestReadMailWithManyLinks(t *testing.T) {
	var text strings.Builder
	for i := range mostURLs + 1 {
		fmt.Fprintf(&text, "https://a.example/%d\r\n", i%mostURLs)
	}
	m, err := ReadMail(crlf("From: a@example.com", "", text.String()))
	require.NoError(t, err)
	require.Len(t, m.URLs, mostURLs)
	for i := range 500_000 {
		fmt.Fprintf(&text, "https://b.example/%d\r\n", i)
	}
	_, err = ReadMail(crlf("From: a@example.com", "", text.String()))
	require.ErrorContains(t, err, "it has more than 10000 links")
}

func TestReadMailRefuses(t *testing.T) {
	deep := []string{"From: a@example.com"}
	for i := range mostDepth + 2 {
		deep = append(deep, fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d", i), "", fmt.Sprintf("--b%d", i))
	}
	attached := []string{"From: a@example.com"}
	for range mostDepth + 2 {
		attached = append(attached, "Content-Type: message/rfc822", "")
	}
	_, err := ReadMail(crlf(attached...))
	require.ErrorContains(t, err, "its parts are nested too deep")
	for want, text := range map[string][]byte{
		"not a mail: it has neither From nor Content-Type": crlf("Subject: x", "", "y"),
		"not a mail: ":                   []byte("just a text"),
		"its parts are nested too deep":  crlf(deep...),
		"a part of it is damaged: ":      crlf("From: a@example.com", "Content-Type: text/html", "Content-Transfer-Encoding: base64", "", "!!!!"),
		"a part of it is damaged: multi": crlf("From: a@example.com", "Content-Type: multipart/mixed; boundary=b", "", "no boundary"),
	} {
		_, err := ReadMail(text)
		require.ErrorContains(t, err, want)
	}
}

// Whatever a file has, reading it ends, and a mail's links are not repeated.
func FuzzReadMail(f *testing.F) {
	f.Add(crlf("From: a@example.com", "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "https://a.example/", "--b--"))
	f.Add(crlf("From: a@example.com", "Content-Type: text/html; charset=utf-7", "Content-Transfer-Encoding: quoted-printable", "", "<a href=3D'https://a.example/=", "'>"))
	f.Add([]byte("Content-Type: text/html\n\n<a href=https://a.example/><area href=x>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadMail(text)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, url := range m.URLs {
			require.False(t, seen[url], url)
			seen[url] = true
		}
	})
}
