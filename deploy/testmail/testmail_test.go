package testmail

import (
	"bytes"
	"flag"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var update = flag.Bool("update", false, "rewrite the expected mails in testdata")

const target = "https://www.example.com/sale?a=1&b=%2F2#top"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// site is a link domain with an ESP.
func site(t *testing.T, fields string) *core.Site {
	t.Helper()
	s, err := sitesjson.ParseSite("link.example.com", []byte(`{`+fields+`}`))
	require.NoError(t, err)
	return s
}

// mails are one site of each family, with the attribute of its untracked
// anchor.
var mails = map[string]struct{ fields, attr string }{
	"customerio":     {`"esp": "customerio-eu"`, `class="untracked"`},
	"sendgrid":       {`"esp": "sendgrid"`, `clicktracking="off"`},
	"sparkpost":      {`"esp": "sparkpost"`, `data-msys-clicktrack="0"`},
	"ses":            {`"esp": "ses-us-east-1"`, `ses:no-track`},
	"braze-sendgrid": {`"esp": "braze-sendgrid"`, `clicktracking="off"`},
	"clevertap":      {`"esp": "clevertap"`, `clicktracking="off"`},
	"mailgun":        {`"esp": "mailgun"`, `disable-tracking="true"`},
	"postmark":       {`"esp": "postmark", "origin": "https://track.pstmrk.it"`, `data-pm-no-track`},
	"mandrill":       {`"esp": "mandrill", "origin": "https://mandrillapp.com"`, `mc:disable-tracking`},
	"mailjet":        {`"esp": "mailjet", "origin": "https://x.mjt.lu"`, ""},
	"iterable":       {`"esp": "iterable"`, ""},
	"custom":         {`"esp": "custom", "origin": "https://track.example.net"`, ""},
	"signed":         {`"esp": "none", "keys": ["k1"], "signed_links": "anywhere"`, ""},
	"all":            {`"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere"`, `clicktracking="off"`},
}

func options(t *testing.T, name string) Options {
	opt := Options{Site: site(t, mails[name].fields), Target: target, From: "Ann <ann@example.com>", To: []string{"bo@example.net"}, Now: noon}
	if name == "signed" || name == "all" {
		opt.Signed = "https://link.example.com/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v.P-IG5M1G1C6x4DesyUhfSA"
		opt.Pixel = "https://link.example.com/px/k1.idGVzdA.AAAAAAAAAAAAAAAAAAAAAA"
	}
	return opt
}

// TestParts compares both parts with testdata; -update rewrites them.
func TestParts(t *testing.T) {
	for name := range mails {
		t.Run(name, func(t *testing.T) {
			m, err := New(options(t, name))
			require.NoError(t, err)
			for suffix, got := range map[string]string{".html": m.HTML(), ".txt": m.text} {
				file := filepath.Join("testdata", name+suffix)
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Equal(t, string(want), got)
			}
			checkHTML(t, name, m.HTML())
		})
	}
}

var anchor = regexp.MustCompile(`<a ([^>]*)>`)

// checkHTML checks what holds for every mail: it is small, has a language,
// loads nothing but its own pixel, and has a switch before href on each
// untracked anchor and on no other.
func checkHTML(t *testing.T, name, text string) {
	t.Helper()
	require.Less(t, len(text), maxClip)
	require.Contains(t, text, `<html lang="en"`)
	require.Contains(t, text, `<meta name="color-scheme" content="light dark">`)
	require.Equal(t, 1, strings.Count(text, "<h1"))
	require.NotContains(t, text, "{{", "an ESP's editor would read it as its own")
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, "ZgotmplZ", "html/template found nothing unsafe")
	require.Equal(t, strings.Count(text, "<table "), strings.Count(text, `<table role="presentation"`))
	attr := mails[name].attr
	tracked, untracked := 0, 0
	for _, a := range anchor.FindAllStringSubmatch(text, -1) {
		switch href := strings.Index(a[1], "href="); {
		case attr != "" && strings.HasPrefix(a[1], attr+" href="):
			untracked++
		default:
			require.Zero(t, href, a[1])
			tracked++
		}
	}
	own := name == "signed"
	signed := strings.Contains(text, "Open the signed link")
	require.Equal(t, name == "all" || own, signed)
	want := map[bool]int{true: 1, false: 0}
	require.Equal(t, want[attr != ""]+want[attr != "" && signed], untracked)
	require.Equal(t, want[!own]+want[attr == "" && signed], tracked)
	require.Equal(t, want[signed], strings.Count(text, "<img"))
	require.Equal(t, !own, strings.Contains(text, `href="`+html.EscapeString(target)+`"`))
}

// Every family that core knows has a switch, or says that there is none.
func TestSwitches(t *testing.T) {
	for f := esp.FamilyCustom; f <= esp.FamilyIterable; f++ {
		s, ok := switches[f]
		require.True(t, ok, f.String())
		require.NotEmpty(t, s.ESP)
		require.Equal(t, f == esp.FamilyCustom, s.Source == "", "a source for what is said of %s", s.ESP)
		require.Equal(t, s.Field == "", s.On == "" && s.Off == "")
	}
	require.Equal(t, "Braze on SendGrid", SwitchOf(site(t, mails["braze-sendgrid"].fields)).ESP)
	require.Equal(t, "CleverTap on SendGrid", SwitchOf(site(t, mails["clevertap"].fields)).ESP)
}

// The message is parsed with the standard library, as a receiver would.
func TestEML(t *testing.T) {
	for name := range mails {
		t.Run(name, func(t *testing.T) {
			m, err := New(options(t, name))
			require.NoError(t, err)
			eml, err := m.EML()
			require.NoError(t, err)
			require.NotContains(t, strings.ReplaceAll(string(eml), "\r\n", ""), "\n", "lines end in CRLF")
			checkMessage(t, m, eml)
		})
	}
}

func checkMessage(t *testing.T, m *Mail, eml []byte) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(eml))
	require.NoError(t, err)
	require.Equal(t, `"Ann" <ann@example.com>`, msg.Header.Get("From"))
	require.Equal(t, `<bo@example.net>`, msg.Header.Get("To"))
	require.Equal(t, "Click test of link.example.com", msg.Header.Get("Subject"))
	require.Regexp(t, `^<[0-9a-f]{32}@example\.com>$`, msg.Header.Get("Message-ID"))
	date, err := msg.Header.Date()
	require.NoError(t, err)
	require.True(t, noon.Equal(date))
	if s := SwitchOf(m.opt.Site); s.Field != "" {
		want := s.On
		if m.opt.Untracked {
			want = s.Off
		}
		require.Equal(t, want, strings.ReplaceAll(msg.Header.Get(s.Field), " ", ""))
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	r := multipart.NewReader(msg.Body, params["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", m.text}, {"text/html", m.HTML()}} {
		part, err := r.NextRawPart()
		require.NoError(t, err)
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		require.NoError(t, err)
		require.Equal(t, want.kind, kind)
		require.Equal(t, "utf-8", strings.ToLower(params["charset"]))
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		require.Equal(t, want.text, strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "")) // to the byte
	}
	_, err = r.NextPart()
	require.ErrorIs(t, err, io.EOF)
}

func TestUntracked(t *testing.T) {
	opt := options(t, "mailjet")
	opt.Untracked = true
	m, err := New(opt)
	require.NoError(t, err)
	eml, err := m.EML()
	require.NoError(t, err)
	require.Contains(t, string(eml), "X-Mailjet-TrackClick: 0\r\n")
	require.Contains(t, m.HTML(), "was asked to leave all links of this message alone")
	checkMessage(t, m, eml)
}

// No option's text can add a field to the message.
func TestInjection(t *testing.T) {
	for _, address := range []string{
		"", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a@b\nBcc: c@d", "a@b, c@d", "\"a\r\nBcc: x@y\" <a@b>", "a@b\x00", "=?utf-8?q?a=0D=0ABcc:_x@y?= <a@b.example>",
		"<a@b> <c@d>", "a b <a@b> x", "group: a@b, c@d;", "a@b\u2028Bcc: c@d", "\"a\\\r\nb\" <a@b>",
	} {
		opt := options(t, "sendgrid")
		opt.To = []string{address}
		_, err := New(opt)
		require.ErrorIs(t, err, ErrAddress, "%q", address)
		if address == "" {
			continue // no sender is for --html
		}
		opt = options(t, "sendgrid")
		opt.From = address
		_, err = New(opt)
		require.ErrorIs(t, err, ErrAddress, "%q", address)
	}
	for _, subject := range []string{"a\r\nBcc: c@d", "a\nb", "a\x00", "a\u2028b", strings.Repeat("a", 201)} {
		opt := options(t, "sendgrid")
		opt.Subject = subject
		_, err := New(opt)
		require.ErrorIs(t, err, ErrSubject, "%q", subject)
	}
	for _, url := range []string{"", "javascript:alert(1)", "https://www.example.com/\r\nx", "https://a b/", `https://www.example.com/"><script>\`, "//x"} {
		opt := options(t, "sendgrid")
		opt.Target = url
		_, err := New(opt)
		require.ErrorIs(t, err, ErrTarget, "%q", url)
	}
	opt := options(t, "sendgrid")
	opt.To = make([]string, 11)
	_, err := New(opt)
	require.ErrorContains(t, err, "11 recipients")
	opt = options(t, "sendgrid")
	opt.From = ""
	m, err := New(opt)
	require.NoError(t, err)
	_, err = m.EML()
	require.ErrorIs(t, err, ErrNoAddress)
}

func TestFields(t *testing.T) {
	opt := options(t, "ses")
	opt.Fields = []string{"X-SES-CONFIGURATION-SET: clicks", "x-ses-message-tags:a=b, c=d"}
	m, err := New(opt)
	require.NoError(t, err)
	eml, err := m.EML()
	require.NoError(t, err)
	msg, err := mail.ReadMessage(bytes.NewReader(eml))
	require.NoError(t, err)
	require.Equal(t, "clicks", msg.Header.Get("X-SES-CONFIGURATION-SET"))
	require.Equal(t, "a=b, c=d", msg.Header.Get("X-SES-MESSAGE-TAGS"))
	for _, field := range []string{"", "X-A", "X-A:", "Bcc: a@b", "To: a@b", "From: a@b", "Content-Type: text/html", "X-A: b\r\nBcc: c@d", "X A: b", "X-A : b", "MIME-Version: 2"} {
		opt.Fields = []string{field}
		_, err := New(opt)
		require.ErrorIs(t, err, ErrField, "%q", field)
	}
}

// What looks like an encoded word is not decoded by readers.
func TestSubjectThatLooksEncoded(t *testing.T) {
	for _, subject := range []string{"=?utf-8?q?a?=", "x=?utf-8?q?a?= b", "=? =?", "é =?utf-8?b?w6k=?=", strings.Repeat("=?utf-8?q?a?= ", 14), strings.Repeat("é=?", 49)} {
		s, err := sitesjson.ParseSite("link.example.com", []byte(`{"esp": "sendgrid"}`))
		require.NoError(t, err)
		m, err := New(Options{Site: s, Subject: subject, Target: target, From: "ann@example.com", To: []string{"bo@example.net"}, Now: noon})
		require.NoError(t, err, subject)
		eml, err := m.EML()
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(eml), "\r\n") {
			require.LessOrEqual(t, len(line), 998)
		}
		msg, err := mail.ReadMessage(bytes.NewReader(eml))
		require.NoError(t, err)
		got, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
		require.NoError(t, err)
		require.Equal(t, subject, got)
	}
}

// Any subject and target are unchanged in both parts.
func FuzzNew(f *testing.F) {
	f.Add("Click test", target, "Ann <ann@example.com>")
	f.Add("<b>é</b>\" onload=x", "https://www.example.com/?<'>&quot;{{.}}", "\"<>\" <a@b.example>")
	f.Fuzz(func(t *testing.T, subject, url, from string) {
		s, err := sitesjson.ParseSite("link.example.com", []byte(`{"esp": "sendgrid"}`))
		require.NoError(t, err)
		m, err := New(Options{Site: s, Subject: subject, Target: url, From: from, To: []string{"bo@example.net"}, Now: noon})
		if err != nil || from == "" {
			return
		}
		require.Equal(t, 2, len(anchor.FindAllString(m.HTML(), -1)))
		require.Equal(t, 1, strings.Count(m.HTML(), "<h1"))
		eml, err := m.EML()
		require.NoError(t, err)
		msg, err := mail.ReadMessage(bytes.NewReader(eml))
		require.NoError(t, err)
		require.Empty(t, msg.Header.Get("Bcc"))
		require.Empty(t, msg.Header.Get("Cc"))
		got, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
		require.NoError(t, err)
		if subject != "" && strings.ToValidUTF8(subject, "") == subject {
			require.Equal(t, strings.TrimSpace(subject), strings.TrimSpace(got))
		}
	})
}

// A mail that says that untracked links were asked for has the field in the
// head of the message, or the attribute on every link. If neither is possible,
// no mail is made.
func TestUntrackedSaysWhatWasSent(t *testing.T) {
	refused := map[string]bool{}
	for name := range mails {
		for _, htmlOnly := range []bool{false, true} {
			opt := options(t, name)
			opt.Untracked, opt.HTMLOnly = true, htmlOnly
			m, err := New(opt)
			if err != nil {
				require.ErrorIs(t, err, ErrNoSwitch)
				refused[name] = true
				continue
			}
			s := SwitchOf(opt.Site)
			eml, err := m.EML()
			require.NoError(t, err)
			msg, err := mail.ReadMessage(bytes.NewReader(eml))
			require.NoError(t, err)
			for _, part := range []string{m.HTML(), m.text} {
				require.Contains(t, part, "asked to leave")
				require.NotContains(t, part, "is to track")
				require.NotContains(t, part, "https://link.example.com/</strong> when")
				require.Equal(t, m.asked.field && s.Opens, strings.Contains(part, "no open"), name)
			}
			if strings.Contains(m.HTML(), "all links of this message") {
				require.NotEmpty(t, s.Field)
				require.Equal(t, s.Off, strings.ReplaceAll(msg.Header.Get(s.Field), " ", ""), name)
				continue
			}
			require.Contains(t, m.HTML(), "all links of this HTML part")
			require.NotEmpty(t, s.Attr, name)
			for _, a := range anchor.FindAllStringSubmatch(m.HTML(), -1) {
				require.True(t, strings.HasPrefix(a[1], s.Attr+" href="), "%s: %s", name, a[1])
			}
			if s.Field != "" {
				require.Empty(t, msg.Header.Get(s.Field), "HTML alone carries no field, and this one says the other thing")
			}
		}
	}
	require.Equal(t, map[string]bool{"iterable": true, "custom": true, "signed": true, "mailjet": true}, refused)
}

// The preview has the right number of buttons.
func TestPreviewFitsTheButtons(t *testing.T) {
	for name := range mails {
		m, err := New(options(t, name))
		require.NoError(t, err)
		buttons := len(anchor.FindAllString(m.HTML(), -1))
		if strings.Contains(m.HTML(), "the signed link") {
			buttons--
		}
		switch {
		case strings.Contains(m.HTML(), "Two buttons:"):
			require.Equal(t, 2, buttons, name)
		case strings.Contains(m.HTML(), "One button,"):
			require.Equal(t, 1, buttons, name)
		default:
			require.Equal(t, "signed", name)
		}
	}
}

func TestOneClick(t *testing.T) {
	const url = "https://link.example.com/unsubscribe/abc?x=1"
	for _, name := range []string{"customerio", "signed", "all"} {
		opt := options(t, name)
		opt.Unsubscribe = url
		m, err := New(opt)
		require.NoError(t, err)
		eml, err := m.EML()
		require.NoError(t, err)
		msg, err := mail.ReadMessage(bytes.NewReader(eml))
		require.NoError(t, err)
		require.Equal(t, "<"+url+">", msg.Header.Get("List-Unsubscribe"))
		require.Equal(t, "List-Unsubscribe=One-Click", msg.Header.Get("List-Unsubscribe-Post"))
		require.Contains(t, m.text, "DKIM-Signature")
		require.Contains(t, html.UnescapeString(m.HTML()), url)
	}
	m, err := New(options(t, "all"))
	require.NoError(t, err)
	require.NotContains(t, m.text+m.HTML(), "List-Unsubscribe")
	for _, bad := range []string{"http://link.example.com/u", "mailto:u@example.com", "https://link.example.com/u>, <mailto:x", "https://link.example.com/a b", "link.example.com/u",
		"https://link.example.com/\r\nBcc: x@example.com"} {
		opt := options(t, "all")
		opt.Unsubscribe = bad
		_, err := New(opt)
		require.ErrorIs(t, err, ErrOneClick, bad)
	}
	opt := options(t, "all")
	opt.Unsubscribe, opt.Fields = url, []string{"list-unsubscribe: <mailto:u@example.com>"}
	_, err = New(opt)
	require.ErrorIs(t, err, ErrOneClick)
	opt.Fields, opt.HTMLOnly = nil, true
	_, err = New(opt)
	require.ErrorIs(t, err, ErrOneClick)
}

// SES tracks nothing without a configuration set, so the mail does not promise
// it.
func TestSESWithoutASet(t *testing.T) {
	opt := options(t, "ses")
	m, err := New(opt)
	require.NoError(t, err)
	require.Contains(t, m.text, "names no configuration set")
	require.Contains(t, m.HTML(), "names no configuration set")
	opt.Fields = []string{"x-ses-configuration-set: clicks"}
	m, err = New(opt)
	require.NoError(t, err)
	require.NotContains(t, m.text+m.HTML(), "names no configuration set")
}
