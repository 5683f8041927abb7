package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/files"
)

const (
	learnedTarget = "/ss/c/u001.VhWcx1V6M0w_7yXYJ75qu0_AGBANnYODBApMzCcPemg/4su/fCmZ_a_lkyU81lSvTfrXFA/h21/h001.J6Cus_7pIy-K8iEfnuSRxbEL7LVWO_web5NCfsvI_ik"
	learningSites = `{"sites": {"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com"], "when_esp_fails": "redirect", "learn": true}}}`
)

// writeArchive writes an archive in which the link leads there.
func writeArchive(t *testing.T, name, destination string) {
	t.Helper()
	link, ok := learned.Read("link.example.com", esp.FamilySendGrid, learnedTarget)
	require.True(t, ok)
	var b bytes.Buffer
	require.NoError(t, archive.Write(&b, []learned.Item{{Name: link.Name, Entry: learned.KnownSince(1772366400, destination)}}))
	require.NoError(t, files.Replace(name, b.Bytes(), 0o644))
}

// What was learned is tried here as it is on Fastly: in the module, while the
// stand-in refuses. It stays there when sites.json changes, and is replaced when
// the archive changes.
func TestServeKnowsAnArchive(t *testing.T) {
	links := filepath.Join(t.TempDir(), "links.ndjson")
	writeArchive(t, links, "https://shop.example.com/spring")
	r := startServe(t, learningSites, "--module", builtModule(t), "--archive", links, "--fault", "sendgrid=refuse")
	require.Contains(t, r.greeting, "1 learned link: 1 to shop.example.com")
	require.NotContains(t, r.greeting, "was built with other sites", "both are put in")
	arrives := func(want string) {
		t.Helper()
		resp, line := r.get("GET", "link.example.com", learnedTarget)
		require.Equal(t, 302, resp.StatusCode, line)
		require.Equal(t, want, resp.Header.Get("Location"))
	}
	arrives("https://shop.example.com/spring")
	resp, line := r.get("GET", "link.example.com", strings.Replace(learnedTarget, "VhWcx1V6", "AAAAAAAA", 1))
	require.Equal(t, 502, resp.StatusCode, "another link: %s", line)

	r.rewrite(`{"sites": {"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com", "*.example.org"], "when_esp_fails": "redirect", "learn": true}}}`)
	r.until("sites.json has changed: in service now")
	arrives("https://shop.example.com/spring")

	writeArchive(t, links, "https://shop.example.com/summer")
	r.until("links.ndjson has changed: in service now")
	arrives("https://shop.example.com/summer")

	require.NoError(t, files.Replace(links, []byte("{\n"), 0o644))
	require.Contains(t, r.until("the old version stays in service"), "line 1")
	arrives("https://shop.example.com/summer")
	require.Contains(t, r.finish(), "stopped\n")
}
