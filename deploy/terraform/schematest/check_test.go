package schematest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const here = ".."

func schema(t *testing.T) *Schema {
	t.Helper()
	s := schemaOf(t, "fastly-provider-9.4.0.json")
	require.Contains(t, s.Resources, "fastly_service_compute")
	return s
}

func schemaOf(t *testing.T, name string) *Schema {
	t.Helper()
	s, err := ReadSchema("testdata/" + name)
	require.NoError(t, err)
	require.NotEmpty(t, s.Resources)
	return s
}

func files(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(here + "/*.tf")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	list := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		list[filepath.Base(name)] = text
	}
	return list
}

// The module fits the provider's schema and is formatted as by terraform fmt.
func TestModule(t *testing.T) {
	for _, dir := range []string{here, here + "/example"} {
		problems, err := Check(dir, schema(t))
		require.NoError(t, err)
		require.Empty(t, problems, dir)
	}
}

// Each kind of mistake is found, without false findings.
func TestSlipsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to, want string }{
		"resource":       {"tls.tf", `resource "fastly_tls_subscription" "host"`, `resource "fastly_tls_subscriptions" "host"`, `no resource "fastly_tls_subscriptions"`},
		"data source":    {"main.tf", `data "fastly_package_hash"`, `data "fastly_package"`, `no data "fastly_package"`},
		"argument":       {"main.tf", "use_ssl               =", "use_tls               =", "no argument fastly_service_compute.backend.use_tls"},
		"block":          {"main.tf", `dynamic "logging_s3"`, `dynamic "log_s3"`, `no block "log_s3"`},
		"required":       {"main.tf", "address               = backend.value.address", "comment               = backend.value.address", `backend lacks "address"`},
		"type":           {"main.tf", "ssl_check_cert        = true", "ssl_check_cert        = 1", "ssl_check_cert is a number, not a bool"},
		"list":           {"tls.tf", "domains               = [each.value]", `domains               = "x"`, "domains is a string"},
		"Host override":  {"main.tf", "port                  =", "override_host         = backend.value.name\n      port                  =", "would replace the branded domain"},
		"computed":       {"domains.tf", "fqdn        =", "domain_id   = 1\n  fqdn        =", "domain_id is the provider's to set"},
		"deprecated":     {"outputs.tf", "subscription.state }", "fastly_tls_subscription.host.managed_dns_challenge }", `attribute "managed_dns_challenge"`},
		"variable":       {"main.tf", "var.prefer_ipv6", "var.prefer_ipv4", `no variable "prefer_ipv4"`},
		"local":          {"main.tf", "local.log.https", "local.logs.https", `no local value "logs"`},
		"attribute":      {"outputs.tf", "fastly_secretstore.keys.id", "fastly_secretstore.keys.uid", `has no attribute "uid"`},
		"reference":      {"outputs.tf", "fastly_secretstore.keys.id", "fastly_secretstore.key.id", "there is no fastly_secretstore.key"},
		"secret in text": {"main.tf", "local.log_secrets.kafka_password", `"hunter2"`, "password is sensitive and does not come"},
		"secret shown":   {"outputs.tf", "fastly_secretstore.keys.id", "var.log_secrets", `output "secret_store_id" tells what is sensitive`},
		"form":           {"main.tf", "  name = var.name", "  name  = var.name", "terraform fmt"},
		"syntax":         {"main.tf", "package {", "package", "main.tf:"},
		"undocumented":   {"variables.tf", "  description = \"Path of sites.json.\"\n", "", `variable "sites" has no description`},
	} {
		t.Run(name, func(t *testing.T) {
			list := files(t)
			text := string(list[c.file])
			require.Contains(t, text, c.from)
			list[c.file] = []byte(strings.Replace(text, c.from, c.to, 1))
			require.Contains(t, strings.Join(CheckFiles(list, schema(t)), "\n"), c.want)
		})
	}
}

// The settings that the module exists for.
func TestModuleSays(t *testing.T) {
	text := ""
	for _, f := range files(t) {
		text += string(f)
	}
	text = regexp.MustCompile(` +`).ReplaceAllString(text, " ")
	for _, want := range []string{
		"address = backend.value.address", "ssl_sni_hostname = backend.value.tls ? backend.value.name : null",
		"ssl_cert_hostname = backend.value.tls ? backend.value.name : null", "ssl_check_cert = true", "prefer_ipv6 = var.prefer_ipv6",
		"first_byte_timeout = backend.value.first_byte_timeout_ms", `name = "clickedge"` + "\n resource_id", `name = "clickedge-keys"` + "\n resource_id",
		"source_code_hash = data.fastly_package_hash.module.hash", "stage = var.stage", "managed_dns_challenges",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 5, strings.Count(text, `name = "clicks"`), "a log endpoint of each kind has the name that the module opens")
}

// The members that the module reads of the plan are those that the command
// writes.
func TestPlanMembers(t *testing.T) {
	plan, err := os.ReadFile("testdata/plan.json")
	require.NoError(t, err)
	var made map[string]any
	require.NoError(t, json.Unmarshal(plan, &made))
	backends, ok := made["backends"].(map[string]any)
	require.True(t, ok)
	require.NotEmpty(t, backends)
	for name, text := range files(t) {
		for _, ref := range regexp.MustCompile(`local\.plan\.(\w+)`).FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, made, ref[1], name)
		}
		for _, ref := range regexp.MustCompile(`backend\.value\.(\w+)`).FindAllStringSubmatch(string(text), -1) {
			for _, b := range backends {
				require.Contains(t, b, ref[1], name)
			}
		}
	}
}

// terraform fmt finds nothing to change, if it is installed. (To validate, it
// would have to fetch the provider.)
func TestTerraformFmt(t *testing.T) {
	tool, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not on PATH: its own fmt did not run")
	}
	cmd := exec.Command(tool, "fmt", "-check", "-recursive", "-diff", here)
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1")
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
}
