package core

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAgreement(t *testing.T) {
	const ours = "https://shop.example.com/a b?c=d e"
	for _, c := range []struct {
		ours           string
		status         int
		theirs         string
		agrees, toward string
	}{
		{ours, 302, ours, "yes", ""},
		{ours, 307, "HTTPS://Shop.Example.com:443/a%20b?c=d%20e", "yes", ""},
		{ours, 302, "https://shop.example.com/a%20b?c=d%20e#part", "yes", ""},
		{"https://shop.example.com", 302, "https://shop.example.com/", "yes", ""},
		{"https://shop.example.com?x", 302, "https://shop.example.com/?x", "yes", ""},
		{"https://shop.example.com/%e2%82", 302, "https://shop.example.com/\xe2\x82", "yes", ""},
		{"https://shop.example.com/", 302, "https:\\\\shop.example.com", "yes", ""},
		{ours, 302, "https://shop.example.com/other", "no", "shop.example.com"},
		{ours, 302, "https://shop.example.com/a+b?c=d%20e", "no", "shop.example.com"},
		{ours, 302, "https://evil.example/", "no", "evil.example"},
		{ours, 302, "http://shop.example.com/a b?c=d e", "no", "shop.example.com"},
		{ours, 302, "https://shop.example.com:8443/a b?c=d e", "no", "shop.example.com"},
		{ours, 302, "/error", "no", "link.example.com"},
		{ours, 302, "myapp://open", "no", ""},
		// What anybody can make the ESP answer says nothing of where the link leads.
		{ours, 200, "", "", ""},
		{ours, 200, "https://evil.example/", "", ""},
		{ours, 400, "", "", ""},
		{ours, 404, "", "", ""},
		{ours, 431, "", "", ""},
		{ours, 304, "https://evil.example/", "", ""},
		{ours, 300, "https://evil.example/", "", ""},
		{ours, 302, "", "", ""},
		{ours, 302, "https://a b/", "", ""},
	} {
		agrees, toward := Agreement(c.ours, c.status, c.theirs, true, "link.example.com")
		require.Equal(t, []string{c.agrees, c.toward}, []string{agrees, toward}, "%d %s", c.status, c.theirs)
	}
}

func TestStatusesOfAnESP(t *testing.T) {
	for status, want := range map[int][2]bool{ // unusable, failed
		0: {true, true}, 99: {true, true}, 100: {true, true}, 101: {true, true}, 103: {true, true}, 199: {true, true},
		200: {}, 204: {}, 205: {}, 302: {}, 304: {}, 404: {}, 431: {}, 429: {false, true}, 500: {false, true}, 599: {false, true},
		600: {true, true}, 999: {true, true},
	} {
		require.Equal(t, want, [2]bool{Unusable(status), Failed(status)}, status)
	}
}

func TestKeptByDefault(t *testing.T) {
	for cc, want := range map[string]bool{
		"": true, " ": true, ",": true, "no-transform": true, "must-revalidate, no-transform": true,
		"no-store": false, "No-Store": false, "max-age=0": false, "max-age = 60": false, "x, private": false, "public": false, "no-cache=\"set-cookie\"": false,
	} {
		require.Equal(t, want, KeptByDefault(301, cc), cc)
		require.Equal(t, want, KeptByDefault(308, cc), cc)
		require.False(t, KeptByDefault(302, cc), "not kept unless it says so")
	}
}
