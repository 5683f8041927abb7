package contract_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
)

// root is the repository's folder.
const root = "../.."

// claim is a name or limit that is repeated where Go's constants do not reach.
type claim struct {
	files   string // patterns below root, with spaces between
	pattern string // its one group is what the text says
	want    string
	times   int // how often it is said, at least
}

// claims are all such places. A pattern finds a sentence by the words around
// the name or number, so that another one in its place is found and compared.
var claims = []claim{
	{"deploy/terraform/main.tf", `resource_link \{\s*name\s*=\s*"([^"]*)"\s*resource_id\s*=\s*fastly_configstore\.`, contract.ConfigStore, 1},
	{"deploy/terraform/main.tf", `resource_link \{\s*name\s*=\s*"([^"]*)"\s*resource_id\s*=\s*fastly_secretstore\.`, contract.SecretStore, 1},
	{"deploy/terraform/main.tf", `dynamic "resource_link" \{[^{]*\{\s*name\s*=\s*"([^"]*)"`, contract.LinkStore, 1},
	{"deploy/terraform/main.tf", `dynamic "logging_\w+" \{[^{]*\{\s*name\s*=\s*"([^"]*)"`, contract.LogEndpoint, 5},
	{"deploy/terraform/variables.tf", `variable "connect_timeout" \{[^{]*?default\s*=\s*(\d+)`, number(contract.ConnectTimeout), 1},
	{"deploy/terraform/variables.tf", `variable "between_bytes_timeout" \{[^{]*?default\s*=\s*(\d+)`, number(contract.BetweenBytesTimeout), 1},
	{"deploy/terraform/README.md", "`connect_timeout` is (\\d+) seconds", number(contract.ConnectTimeout / 1000), 1},

	{"fastly.toml deploy/pack/fastly.toml", `\[setup\.config_stores\.([^\]]*)\]`, contract.ConfigStore, 2},
	{"fastly.toml deploy/pack/fastly.toml", `\[setup\.secret_stores\.([^\]]*)\]`, contract.SecretStore, 2},
	{"fastly.toml deploy/pack/fastly.toml", `\[setup\.kv_stores\.([^\]]*)\]`, contract.LinkStore, 2},
	{"fastly.toml deploy/pack/fastly.toml", `\[setup\.log_endpoints\.([^\]]*)\]`, contract.LogEndpoint, 2},
	{"fastly.toml", `\[local_server\.kv_stores\]\n([\w-]+) = \[\]`, contract.LinkStore, 1},

	{"edge/*.go", `//go:wasmexport (\w+)\nfunc exportServe\(`, contract.Entry, 1},
	{"edge/*.go", `//go:wasmexport (\w+)\nfunc exportWarmUp\(`, contract.WarmUp, 1},
	{"edge/*.go", `//go:wasmexport (\w+)\nfunc exportSitesRoom\(`, contract.SitesRoom, 1},
	{"edge/*.go", `//go:wasmexport (\w+)\nfunc exportSitesSign\(`, contract.SitesSign, 1},
	{"edge/prewarm/options.go", `defaultMaxPages = (\d+)`, number(contract.MaxMemoryPages), 1},

	{"hostsim/production.go", `orDefault\(l\.URL, (\d+)\)`, number(contract.MaxTarget), 1},
	{"hostsim/production.go", `orDefault\(l\.MemoryPages, (\d+)\)`, number(contract.MaxMemoryPages), 1},
	{"hostsim/fastlytoml.go", `maxItemKey, maxItemValue = (\d+),`, number(contract.MaxConfigKey), 1},
	{"hostsim/fastlytoml.go", `maxItemKey, maxItemValue = \d+, (\d+)`, number(contract.MaxConfigEntry), 1},

	{"bench/js/signed.js", `new SecretStore\("([^"]*)"\)`, contract.SecretStore, 1},
	{"bench/js/signed.js", `new Logger\("([^"]*)"\)`, contract.LogEndpoint, 1},

	{"README.md deploy/docs/*.md deploy/terraform/README.md", `\b(clickedge-k[\w-]*)`, contract.SecretStore, 2},
	{"README.md deploy/docs/*.md deploy/terraform/README.md core/spec/*.md", "log\\s+endpoint\\s+`([^`]*)`", contract.LogEndpoint, 2},
	{"README.md deploy/docs/*.md deploy/terraform/README.md", "(?:store|link|linked)\\s+as\\s+`([^`]*)`", contract.ConfigStore, 1},
	{"README.md deploy/docs/*.md deploy/*/*.go", `\b(CLICKEDGE_K\w*_)(?:<KID>|K\d+\b)`, contract.KeyVariable, 3},
	{"README.md deploy/docs/*.md deploy/*/*.go", `\b(CLICKEDGE_L\w*?_)HTTPS_HEADER_VALUE`, contract.LogVariable, 1},
	{"README.md deploy/docs/*.md", `at\s+most\s+([\d,]+)\s+bytes(?:\s+long)?,\s+the\s+platform's\s+limit\s+for\s+a\s+URL`, grouped(contract.MaxTarget), 1},
	{"core/spec/links.md", `path\s+has\s+at\s+most\s+(\d+)\s+bytes`, number(contract.MaxTarget), 2},
	{"core/spec/links.md", `what\s+fits\s+a\s+path\s+of\s+(\d+)`, number(contract.MaxTarget), 1},
	{"core/spec/click-log.md", `target\s+has\s+more\s+than\s+([\d,]+)\s+bytes`, grouped(contract.MaxTarget), 1},
	{"deploy/*/*.go", `secret\s+store\s+"(clickedge-[\w-]*)"`, contract.SecretStore, 1},
	{"deploy/*/*.go", `the\s+log\s+endpoint\s+"(\w+)"`, contract.LogEndpoint, 1},
	{"deploy/*/*.go", `data\s+segments\s+and\s+([\d,]+)\s+bytes`, grouped(contract.MaxPackage), 1},
}

func number(n int) string { return strconv.Itoa(n) }

// grouped writes 8192 as 8,192.
func grouped(n int) string {
	s := number(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// texts are the files of a claim.
func (c *claim) texts(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, pattern := range strings.Fields(c.files) {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			out[name] = string(data)
		}
	}
	return out
}

// drift says where the texts do not say what the constant does.
func (c *claim) drift(texts map[string]string) (list []string) {
	found := 0
	for name, text := range texts {
		for _, m := range regexp.MustCompile(c.pattern).FindAllStringSubmatch(text, -1) {
			if found++; m[1] != c.want {
				list = append(list, fmt.Sprintf("%s has %q: the contract has %q", name, m[1], c.want))
			}
		}
	}
	if found < c.times {
		list = append(list, fmt.Sprintf("%s: %s is found %d times, not %d", c.files, c.pattern, found, c.times))
	}
	return list
}

func TestRepeatedNames(t *testing.T) {
	for _, c := range claims {
		require.Empty(t, c.drift(c.texts(t)))
	}
}

// Each claim fails where one of its places is altered, and where none says it.
func TestDriftIsFound(t *testing.T) {
	for _, c := range claims {
		texts, pattern, places := c.texts(t), regexp.MustCompile(c.pattern), 0
		for name, text := range texts {
			for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
				places++
				altered := c.alter(text[at[2]:at[3]])
				texts[name] = text[:at[2]] + altered + text[at[3]:]
				require.NotEmpty(t, c.drift(texts), "%s: %s for %s", name, altered, c.want)
			}
			texts[name] = text
		}
		require.GreaterOrEqual(t, places, c.times)
		require.NotEmpty(t, c.drift(nil), "%s: nothing says %s", c.files, c.want)
	}
}

// alter makes another name or number of the same kind.
func (c *claim) alter(said string) string {
	if last := said[len(said)-1]; last >= '0' && last <= '9' {
		return said[:len(said)-1] + string('0'+(last-'0'+1)%10)
	}
	return strings.TrimSuffix(said, "_") + "X" + said[len(strings.TrimSuffix(said, "_")):]
}

// Stores and log endpoint are told apart, and so are the exports.
func TestNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{contract.ConfigStore, contract.SecretStore, contract.LinkStore, contract.LogEndpoint, contract.Entry,
		contract.WarmUp, contract.SitesRoom, contract.SitesSign, contract.SitesTable, contract.SitesSection, contract.KeyVariable, contract.LogVariable} {
		require.False(t, seen[name], name)
		seen[name] = true
	}
}
