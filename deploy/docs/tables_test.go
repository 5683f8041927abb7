package docs

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var update = flag.Bool("update", false, "rewrite the generated tables")

// The tables of sites.md come from the code, so that they cannot drift.
func TestTables(t *testing.T) {
	const path = "sites.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	want := string(text)
	for name, table := range map[string]string{"fields": fieldTable(), "presets": presetTable()} {
		begin := strings.Index(want, "<!-- "+name+":")
		end := strings.Index(want, "<!-- /"+name+" -->")
		require.Greater(t, begin, 0)
		require.Greater(t, end, begin)
		begin += strings.Index(want[begin:], "\n") + 1
		want = want[:begin] + table + want[end:]
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run go test ./deploy/docs -run Tables -update")
}

func fieldTable() string {
	var b strings.Builder
	b.WriteString("| field | value | meaning |\n|---|---|---|\n")
	for _, f := range sitesjson.Fields() {
		value := f.Type
		if f.Default != "" {
			value += "; default `" + f.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, value, strings.ReplaceAll(f.Doc, "<", "&lt;"))
	}
	return b.String()
}

func presetTable() string {
	var b strings.Builder
	b.WriteString("| preset | origin | Host | X-Forwarded-Host | cookies |\n|---|---|---|---|---|\n")
	regions := 0
	for _, o := range core.Presets() {
		if strings.HasPrefix(o.Preset, "ses-") {
			if regions++; regions > 1 {
				continue
			}
			o.Preset, o.Address = "ses-<region>", "r.<region>.awstrack.me"
		}
		address, scheme := o.Address, "https"
		switch {
		case o.Preset == "sparkpost-enterprise":
			address = "`https://<tenant>.et.e.sparkpost.com`"
		case address == "":
			address = "set by `origin`"
		case !o.TLS:
			scheme = "http"
			fallthrough
		default:
			address = "`" + scheme + "://" + address + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | the branded domain | %s | %s |\n", o.Preset, address, onOff(o.ForwardedHost), o.Cookies)
	}
	return b.String()
}

func onOff(sent bool) string {
	if sent {
		return "the branded domain"
	}
	return "not sent"
}
