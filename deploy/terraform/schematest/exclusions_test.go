package schematest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
)

func exclusions(t *testing.T) *Exclusions {
	t.Helper()
	x, err := ReadExclusions("testdata/exclusions.json")
	require.NoError(t, err)
	require.NotEmpty(t, x.Rules)
	return x
}

// arguments are those of the example, with paths relative to the module.
func arguments(t *testing.T) map[string]cty.Value {
	t.Helper()
	dir := t.TempDir()
	sites := read(t, here+"/example/sites.json")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sites.json"), []byte(sites), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plan.json"), []byte(read(t, "testdata/plan.json")), 0o600))
	return map[string]cty.Value{
		"sites":   cty.StringVal(filepath.Join(dir, "sites.json")),
		"plan":    cty.StringVal(filepath.Join(dir, "plan.json")),
		"package": cty.StringVal("package.tar.gz"),
	}
}

// No two resources manage the same thing: otherwise every second apply removed
// all domains from the service.
func TestNothingIsManagedTwice(t *testing.T) {
	for _, dir := range []string{here, here + "/example"} {
		list, err := readFiles(dir)
		require.NoError(t, err)
		given := arguments(t)
		if dir != here {
			given = map[string]cty.Value{"log_token": cty.StringVal("x")}
		}
		problems, err := exclusions(t).Check(parse(list, schema(t)), "/", given)
		require.NoError(t, err)
		require.Empty(t, problems, dir)
	}
}

// For each rule of the table there is a configuration that breaks it and is
// found.
func TestEachExclusionIsFound(t *testing.T) {
	const link = `
resource "fastly_domain_service_link" "host" {
  for_each   = fastly_domain.host
  domain_id  = each.value.domain_id
  service_id = fastly_service_compute.this.id
}
`
	x := exclusions(t)
	broken := map[string]bool{}
	for name, c := range map[string]struct{ file, from, to, want string }{
		"domain and link":    {"domains.tf", "\nlocals {", link + "\nlocals {", "fastly_domain beside fastly_domain_service_link"},
		"old name":           {"domains.tf", "\nlocals {", strings.ReplaceAll(link, "service_link\"", "v1\"") + "\nlocals {", "fastly_domain beside fastly_domain_v1"},
		"domain in version":  {"domains.tf", "= !var.versionless_domains || var.keep_versioned_domains", "= true", "fastly_domain beside fastly_service_compute.domain"},
		"link and version":   {"domains.tf", "\nlocals {", strings.ReplaceAll(link, "fastly_domain.host", "local.hosts") + "\nlocals {", "fastly_domain_service_link beside fastly_service_compute.domain"},
		"activation":         {"tls.tf", "# The names that the CNAMEs lead to.", "resource \"fastly_tls_activation\" \"x\" {}\n", "fastly_tls_subscription beside fastly_tls_activation"},
		"validation":         {"tls.tf", "# The names that the CNAMEs lead to.", "resource \"fastly_tls_activation\" \"x\" {}\n", "fastly_tls_subscription_validation beside fastly_tls_activation"},
		"order":              {"tls.tf", ", fastly_domain.host]", "]", "fastly_tls_subscription.host does not wait for fastly_domain"},
		"service first":      {"tls.tf", "[fastly_service_compute.this, ", "[", "fastly_tls_subscription.host does not wait for fastly_service_compute"},
		"two packages":       {"main.tf", "    filename         = var.package", "    filename = var.package\n    content = \"x\"", "fastly_service_compute.package.content beside fastly_service_compute.package.filename"},
		"no file":            {"main.tf", "    filename         = var.package", "", "none of fastly_service_compute.package.content"},
		"no package":         {"main.tf", "package {", "backend {", "none of fastly_service_compute.package"},
		"active and staged":  {"main.tf", "activate        = !var.stage", "activate = true", "fastly_service_compute.activate beside fastly_service_compute.stage"},
		"reuse":              {"main.tf", "force_destroy   = var.force_destroy", "force_destroy = true\n  reuse = true", "fastly_service_compute.force_destroy beside fastly_service_compute.reuse"},
		"gzip twice":         {"main.tf", "redundancy        = ", "gzip_level = 3\n      redundancy = ", "fastly_service_compute.logging_s3.compression_codec beside fastly_service_compute.logging_s3.gzip_level"},
		"entries":            {"main.tf", "resource \"fastly_secretstore\"", "resource \"fastly_configstore_entries\" \"x\" {\n  manage_entries = true\n}\n\nresource \"fastly_secretstore\"", "fastly_configstore beside fastly_configstore_entries.manage_entries"},
		"hash of two":        {"main.tf", "  filename = var.package", "  filename = var.package\n  content = \"x\"", "data.fastly_package_hash.content beside data.fastly_package_hash.filename"},
		"two configurations": {"tls.tf", "default = var.tls_configuration_id == null ? true : null", "default = true", "data.fastly_tls_configuration.id beside data.fastly_tls_configuration.default"},
		"unread page":        {"main.tf", "resource \"fastly_secretstore\"", "resource \"fastly_alert\" \"x\" {}\n\nresource \"fastly_secretstore\"", "nobody has read docs/resources/alert.md"},
	} {
		t.Run(name, func(t *testing.T) {
			list := files(t)
			require.Contains(t, string(list[c.file]), c.from)
			list[c.file] = []byte(strings.Replace(string(list[c.file]), c.from, c.to, 1))
			given := arguments(t)
			given["log"] = cty.ObjectVal(map[string]cty.Value{"s3": cty.ObjectVal(map[string]cty.Value{
				"bucket": cty.StringVal("b"), "iam_role": cty.StringVal("arn:aws:iam::123456789012:role/x")})})
			problems, err := x.Check(parse(list, schema(t)), "/", given)
			require.NoError(t, err)
			all := strings.Join(problems, "\n")
			require.Contains(t, all, c.want)
			for _, rule := range x.Rules {
				broken[rule.Says[0]] = broken[rule.Says[0]] || strings.Contains(all, rule.Says[0])
			}
		})
	}
	for _, rule := range x.Rules {
		require.True(t, broken[rule.Says[0]], "no case breaks %q", rule.Says[0])
	}
}

// providerSources names a folder with the provider's sources.
const providerSources = "FASTLY_TERRAFORM_PROVIDER_SOURCES"

// The table agrees with the documentation and has all sentences that exclude
// something that the module uses.
func TestExclusionsAreTheDocumentations(t *testing.T) {
	dir := os.Getenv(providerSources)
	if dir == "" {
		t.Skip("the table of exclusions was not compared with the documentation: " + providerSources + " is not set")
	}
	x := exclusions(t)
	said := ""
	for _, rule := range x.Rules {
		page := read(t, filepath.Join(dir, rule.Page))
		for _, sentence := range rule.Says {
			require.Contains(t, page, sentence, rule.Page)
			said += sentence + "\n"
		}
	}
	excludes := regexp.MustCompile("(?i)(conflicts with [^.]*|may not also|do not (create|pair)[^.]*|must not [^.]*|exactly one of[^.]*|should not [^.]*|will result in an error|you must set [^.]*|mutually exclusive)")
	for _, name := range x.Read {
		page := read(t, filepath.Join(dir, name))
		for _, words := range excludes.FindAllString(page, -1) {
			words = strings.TrimSpace(strings.SplitN(words, "\n", 2)[0])
			require.True(t, strings.Contains(said, words) || anyIn(words, x), "%s: %q is not in the table", name, words)
		}
	}
}

func anyIn(words string, x *Exclusions) bool {
	for _, rule := range x.Rules {
		for _, sentence := range rule.Says {
			if strings.Contains(words, sentence) {
				return true
			}
		}
	}
	return false
}
