package browser

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// sgr are the colour sequences of terminals (ECMA-48, 8.3.117) that the command
// uses, as classes of the page below.
var sgr = map[string]string{
	"\x1b[1m": "bold", "\x1b[2m": "dim", "\x1b[31m": "red", "\x1b[1;31m": "bold red", "\x1b[32m": "green", "\x1b[33m": "yellow", "\x1b[36m": "cyan",
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// terminalPage shows the command's output like a terminal of 80 columns, with
// the colours of GNOME's terminal.
const terminalPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>terminal</title><style>
:root{color-scheme:light dark}body{margin:1rem;background:#fff;color:#171421;--red:#c01c28;--green:#1f7a3d;--yellow:#8a5a00;--cyan:#166f7f;--dim:#5e5c64}
@media(prefers-color-scheme:dark){body{background:#171421;color:#fff;--red:#f66151;--green:#33d17a;--yellow:#e9ad0c;--cyan:#33c7de;--dim:#9a9996}}
pre{width:80ch;margin:0;font:14px/1.3 monospace}.bold{font-weight:700}.dim{color:var(--dim)}.red{color:var(--red)}.green{color:var(--green)}.yellow{color:var(--yellow)}.cyan{color:var(--cyan)}
</style><pre>%s</pre></html>`

// TestTerminalLooks draws what the doctor prints, in a light and in a dark
// terminal: every colour is known here, each is ended, and only addresses are
// wider than the window, as terminals cannot open one that is split.
func TestTerminalLooks(t *testing.T) {
	path := binary(t)
	data, err := os.ReadFile(filepath.Join(reports, "several-at-once.ansi"))
	require.NoError(t, err)
	page := fmt.Sprintf(terminalPage, drawn(t, string(data)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page)) // to the browser beside it
	}))
	t.Cleanup(server.Close)
	b := openTab(t.Context(), t, path, []string{"MAP terminal.example:80 " + strings.TrimPrefix(server.URL, "http://")}, nil)
	b.open(t, "http://terminal.example/")
	for _, l := range allLooks[:2] {
		t.Run(l.scheme, func(t *testing.T) {
			b.shoot(t, l)
			l.height, err = chromedp.Run(b.ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
			require.NoError(t, err)
			picture := b.shoot(t, l)
			require.NoError(t, os.WriteFile(filepath.Join(screenshots(t), "terminal-"+l.scheme+".png"), picture, 0o644))
			l.checkGround(t, picture)
		})
	}
	require.Empty(t, b.complained())
	b.close(t)
}

// drawn turns colours into spans.
func drawn(t *testing.T, text string) string {
	t.Helper()
	open := false
	return escape.ReplaceAllStringFunc(html.EscapeString(text), func(code string) string {
		if code == "\x1b[0m" {
			require.True(t, open, "a colour is ended that was not begun")
			open = false
			return "</span>"
		}
		require.Contains(t, sgr, code)
		require.False(t, open, "a colour within a colour")
		open = true
		return `<span class="` + sgr[code] + `">`
	})
}
