package origins

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// The page accepts its form only with its own cookies and token, so that losing
// one of them shows.
func TestPreferences(t *testing.T) {
	f := start(t, Options{})
	for _, proto := range []string{"https", "http"} {
		page := call(t, f, "sendgrid", ask{target: "/asm/?user_id=1", fields: wire.NewHeader("X-Forwarded-Proto", proto)})
		require.Equal(t, 200, page.status)
		token := regexp.MustCompile(`name="token" value="([0-9a-f]{32})"`).FindStringSubmatch(page.body)
		require.NotNil(t, token, page.body)
		var cookies []string
		for _, set := range page.header.Values("Set-Cookie") {
			pair, _, _ := strings.Cut(set, ";")
			cookies = append(cookies, pair)
		}
		require.Len(t, cookies, map[string]int{"https": 2, "http": 1}[proto])
		post := func(body string, cookies ...string) answer {
			return call(t, f, "sendgrid", ask{method: "POST", target: "/asm/?user_id=1", body: body, fields: wire.NewHeader(
				"X-Forwarded-Proto", proto, "Content-Type", "application/x-www-form-urlencoded", "Cookie", strings.Join(cookies, "; "))})
		}
		form := "token=" + token[1] + "&list=weekly"
		saved := post(form, cookies...)
		require.Equal(t, 303, saved.status)
		require.Equal(t, "standin_saved=weekly; Path=/asm", saved.get("Set-Cookie"))
		for i := range cookies {
			require.Equal(t, 403, post(form, append(append([]string(nil), cookies[:i]...), cookies[i+1:]...)...).status, "without %s", cookies[i])
		}
		require.Equal(t, 403, post("list=weekly", cookies...).status)
		require.Equal(t, 403, post(form, append(cookies, "standin_prefs=tossed")...).status)
		require.Equal(t, 200, post("List-Unsubscribe=One-Click").status)

		again := call(t, f, "sendgrid", ask{target: "/asm/?user_id=1", fields: wire.NewHeader("Cookie", "standin_saved=weekly")})
		require.Contains(t, again.body, "Saved: weekly")
		require.Contains(t, again.header.Values("Set-Cookie"), "standin_saved=; Path=/asm; Max-Age=0")
	}
}
