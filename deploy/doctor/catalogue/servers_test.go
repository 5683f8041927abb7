package catalogue

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHTTP2OfNginx gives no directive that the nginx that was seen does not
// know: it would not start.
func TestHTTP2OfNginx(t *testing.T) {
	for software, want := range map[string]string{
		"nginx/1.22.1": "listen 443 ssl http2; (http2 on; is for nginx 1.25.1 and later)", "nginx/1.25.0": "listen 443 ssl http2; (http2 on; is for nginx 1.25.1 and later)",
		"nginx/1.25.1": "http2 on;", "nginx/1.29.3": "http2 on;", "nginx/2.0.0": "http2 on;", "nginx/1.28.0 (Ubuntu)": "http2 on;",
		"nginx": "http2 on; from nginx 1.25.1, listen 443 ssl http2; before", "": "http2 on; from nginx 1.25.1, listen 443 ssl http2; before",
		"openresty/1.21.4.1": "http2 on; from nginx 1.25.1, listen 443 ssl http2; before",
	} {
		require.Equal(t, want, nginxHTTP2(software, 443), software)
	}
}

// TestEveryServerHasItsFix leaves no server out where one of them has a fix of
// its own.
func TestEveryServerHasItsFix(t *testing.T) {
	known := map[string]bool{}
	for _, e := range All() {
		known[e.ID] = true
		m := e.Fix
		if m.Nginx == "" && m.Apache == "" && m.Caddy == "" && m.HAProxy == "" && m.Varnish == "" {
			continue
		}
		for cdn, text := range map[string]string{Nginx: m.Nginx, Apache: m.Apache, Caddy: m.Caddy, HAProxy: m.HAProxy, Varnish: m.Varnish} {
			require.NotEmpty(t, text, "%s at %s", e.ID, cdn)
			require.Equal(t, text, m.at(cdn))
		}
	}
	for id := range serverFixes {
		require.True(t, known[id], id)
	}
	for id := range ownFixes {
		require.True(t, known[id], id)
	}
	for id := range evidence {
		require.True(t, known[id], id)
	}
}
