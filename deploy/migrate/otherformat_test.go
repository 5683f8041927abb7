package migrate

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// TestOtherFormats reads every file of testdata/otherformats. The section
// "named" has the error and the hint. With -update it is rewritten.
func TestOtherFormats(t *testing.T) {
	names, err := filepath.Glob("testdata/otherformats/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testOtherFormat(t, name) })
	}
}

func testOtherFormat(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	require.NoError(t, err)
	var want string
	var got strings.Builder
	kept := archive.Files[:0:0]
	for _, f := range archive.Files {
		if f.Name == "named" {
			want = string(f.Data)
			continue
		}
		kept = append(kept, f)
		_, err := Read(f.Name, f.Data, Options{})
		var e *Error
		require.ErrorAs(t, err, &e, f.Name)
		require.Contains(t, e.Problem, ", which migrate does not read", f.Name)
		require.NotEmpty(t, e.Hint, f.Name)
		got.WriteString(e.Error() + "\n\t" + e.Hint + "\n")
	}
	require.Greater(t, len(kept), 5)
	if *update {
		archive.Files = append(kept, txtar.File{Name: "named", Data: []byte(got.String())})
		require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
		return
	}
	require.Equal(t, want, got.String())
}

// A format that is read is never taken for another, under any name, with and
// without its first line.
func TestReadFormatsAreNotTakenForOthers(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(t, err)
		for _, as := range []string{archive.Files[0].Name, "<standard input>", "x"} {
			require.Nil(t, otherFormatOf(newSample(as, archive.Files[0].Data)), "%s as %s", name, as)
		}
	}
	for _, text := range []string{
		"server { listen 80; server_name a.example.com; location / { proxy_pass https://sendgrid.net; } }",
		"location / {\n  proxy_pass https://sendgrid.net;\n}\n", "proxy_pass https://sendgrid.net;", "include sites/*.conf;\n",
		"# a Caddyfile did this before: reverse_proxy\nserver {\n listen 80;\n}\n",
		"server {\n\tlisten 80\n}\n", "http {\n  include sites/*;\n}", "server\n{\n  root /x\n}", "location ~ ^/(.*)$ {\n return 404\n}",
		"upstream esp {\n  server spgo.io:443;\n}\nserver { listen 443 ssl; location / { proxy_pass https://esp; } }",
	} {
		require.Nil(t, otherFormatOf(newSample("link.conf", []byte(text))), text)
	}
}

// The hint says what an unknown text was taken for, what a text with the wrong
// --from looks like, and that a template is one.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		from       Format
		text, hint string
	}{
		{"", "hello world", "it was taken for nginx; --from names another of nginx, cloudfront and fastly-vcl. If it is none of them, write the entry by hand"},
		{"", `{"id": "x"}`, "https://api.fastly.com/service/ID/details"},
		{"", `["a"]`, "it was taken for fastly-vcl"},
		{Nginx, "link.example.com {\n\treverse_proxy spgo.io\n}\n", `it looks like a Caddyfile: write the entry by hand: it names spgo.io, so "esp" is "sparkpost"`},
		{CloudFront, `{"AWSTemplateFormatVersion": "x"}`, "it looks like a CloudFormation template: aws cloudfront get-distribution"},
		{"", "server {\n  server_name {{ link_host }};\n  {% if x %}\n", "it looks like a template"},
		{"", "resource \"null_resource\" \"nginx\" {\n  conf = <<E\n    listen 80;\n  E\n}\n", "it looks like a Terraform configuration: write"},
	} {
		_, err := Read("x", []byte(c.text), Options{From: c.from})
		var e *Error
		require.True(t, errors.As(err, &e), c.text)
		require.Contains(t, e.Hint, c.hint, c.text)
	}
}

func TestESPsInText(t *testing.T) {
	require.Empty(t, espsIn("u1.wl.sendgrid.net, notspgo.io, spgo.io.example.com, r.x.awstrack.me.example, awstrack.me"))
	require.Equal(t, []espNamed{{"spgo.io", "sparkpost"}, {"r.us-west-1.awstrack.me", "ses-us-west-1"}, {"acme.et.e.sparkpost.com", "sparkpost-enterprise"}, {"mjt.lu", "mailjet"}},
		espsIn(`"https://SPGO.io/" r.us-west-1.awstrack.me:443, spgo.io; acme.et.e.sparkpost.com mjt.lu sendgrid.net`))
}

// A binary file is recognised, even if it contains bytes of a template or a
// program.
func TestBinaryFiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 64; n <= 64<<10; n += n / 2 {
		for range 20 {
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
			at := rng.IntN(n - 16)
			copy(data[at:], "{{ a }} {% if %}")
			_, err := Read("x", data, Options{})
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, e.Problem, "a binary file", "%q", data[:min(n, 80)])
			require.NotContains(t, e.Hint, "template")
			_, err = Read("x", data, Options{From: Nginx})
			require.ErrorAs(t, err, &e)
			require.NotContains(t, e.Hint, "template")
		}
	}
	for name, head := range map[string]string{"main.wasm": "\x00asm\x01\x00\x00\x00\x01\x04", "a.out": "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00", "x.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"} {
		_, err := Read(name, []byte(head), Options{})
		require.ErrorContains(t, err, "it is a binary file", name)
	}
}

// A configuration with comments in Latin-1 and a stray control character is
// still nginx's.
func TestOldEncodingsAreRead(t *testing.T) {
	const server = "server { server_name link.example.com; location / { proxy_pass https://sendgrid.net; } }\n"
	for _, text := range []string{"# f\xfcr die Gr\xfc\xdfe\n" + server, "# \xcf\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2 \xcf\xd2\xc9\xd7\xc5\xd4\n" + server} {
		r, err := Read("x", []byte(text), Options{})
		require.NoError(t, err, "%q", text)
		require.Len(t, r.Sites, 1)
	}
	_, err := Read("x", []byte("\x01"+server), Options{})
	require.ErrorContains(t, err, "control byte 0x01")
}

func TestUTF16(t *testing.T) {
	wide := func(text string, swap bool) (data []byte) {
		for i := 0; i < len(text); i++ {
			pair := []byte{text[i], 0}
			if swap {
				pair = []byte{0, text[i]}
			}
			data = append(data, pair...)
		}
		return data
	}
	for _, swap := range []bool{false, true} {
		_, err := Read("x", wide("server { listen 80; }", swap), Options{})
		require.ErrorContains(t, err, "it is UTF-16")
	}
}
