package schematest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// providerEnv names a folder with the provider's binary,
// terraform-provider-fastly of version 9.4 as "go build" in its sources makes
// it. With it and Terraform or OpenTofu the module is planned, without the
// network. toolEnv names the tool if it is not on PATH.
const (
	providerEnv = "FASTLY_TERRAFORM_PROVIDER"
	toolEnv     = "CLICKEDGE_TERRAFORM_TOOL"
)

// findTool returns Terraform or OpenTofu, "" for none.
func findTool() string {
	for _, name := range []string{os.Getenv(toolEnv), "terraform", "tofu"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// planner is a folder with a configuration that uses the module.
type planner struct {
	dir, tool, config string
}

func newPlanner(t *testing.T) *planner {
	tool, provider := findTool(), os.Getenv(providerEnv)
	if tool == "" || provider == "" {
		t.Skip("the module was not planned: " + providerEnv + " and terraform or tofu on PATH are needed")
	}
	p := &planner{dir: t.TempDir(), tool: tool}
	p.config = p.write(t, "rc", "provider_installation {\n  dev_overrides {\n    \"fastly/fastly\" = \""+provider+"\"\n  }\n  direct {}\n}\n")
	sites, err := os.ReadFile(here + "/example/sites.json")
	require.NoError(t, err)
	p.write(t, "sites.json", string(sites))
	plan, err := os.ReadFile("testdata/plan.json")
	require.NoError(t, err)
	made := strings.Replace(string(plan), "of the package", p.pack(t), 1)
	sum := sha256.Sum256(sites)
	require.Contains(t, made, hex.EncodeToString(sum[:]))
	p.write(t, "plan.json", made)
	return p
}

func (p *planner) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// pack makes a package of one file and returns its hash.
func (p *planner) pack(t *testing.T) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "x/fastly.toml", Mode: 0o644, Size: 1}))
	_, err := w.Write([]byte("\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	p.write(t, "package.tar.gz", b.String())
	sum := sha512.Sum512([]byte("\n"))
	return hex.EncodeToString(sum[:])
}

// plan returns what Terraform would do. TLS is left out: its data source asks
// the API.
func (p *planner) plan(t *testing.T, arguments string) (string, error) {
	t.Helper()
	module, err := filepath.Abs(here)
	require.NoError(t, err)
	if !strings.Contains(arguments, "tls =") {
		arguments = "  tls = false\n" + arguments
	}
	p.write(t, "main.tf", `terraform {
  required_providers {
    fastly = { source = "fastly/fastly" }
  }
}
provider "fastly" {}
module "clickedge" {
  source  = "`+module+`"
  sites   = "sites.json"
  plan    = "plan.json"
  package = "package.tar.gz"
`+arguments+`
}
output "challenges" {
  value = module.clickedge.acme_challenges
}
`)
	out, err := p.run("get")
	require.NoError(t, err, out)
	if out, err = p.run("validate", "-no-color"); err != nil {
		return out, err
	}
	said, err := p.run("plan", "-refresh=false", "-no-color", "-input=false", "-lock=false", "-out=made")
	if err != nil {
		return said, err
	}
	// The printed plan hides backends, as client keys are part of them.
	values, err := p.run("show", "-json", "made")
	require.NoError(t, err, values)
	return said + values, nil
}

func (p *planner) run(args ...string) (string, error) {
	cmd := exec.Command(p.tool, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+p.config, "CHECKPOINT_DISABLE=1", "FASTLY_API_KEY=none")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPlan(t *testing.T) {
	p := newPlanner(t)
	for name, c := range map[string]struct {
		arguments string
		want      []string
		lacks     string
	}{
		"plain": {"", []string{`fastly_domain.host["link.example.com"]`, `"address":"track-eu.customer.io"`,
			`"ssl_sni_hostname":"v2.spgo.io"`, `"ssl_cert_hostname":"spgo.io"`, `"first_byte_timeout":60000`, `"prefer_ipv6":false`, `"port":80,`, `"override_host":""`,
			`name        = "clickedge-keys"`, "activate        = true", "Plan: 7 to add"}, `"override_host":"t`},
		"staging":  {"stage = true", []string{"activate        = false", "stage           = true"}, ""},
		"classic":  {"versionless_domains = false", []string{"+ domain {", `"name":"mail.example.com"`, "Plan: 4 to add"}, "fastly_domain.host["},
		"https":    {"log = {\n https = { url = \"https://logs.example.com\" }\n }", []string{"+ logging_https {"}, ""},
		"s3":       {"log = {\n s3 = { bucket = \"b\", iam_role = \"arn:aws:iam::123456789012:role/x\" }\n }", []string{"+ logging_s3 {"}, ""},
		"gcs":      {"log = {\n gcs = { bucket = \"b\", account_name = \"a\" }\n }", []string{"+ logging_gcs {"}, ""},
		"bigquery": {"log = {\n bigquery = { project_id = \"p\", dataset = \"d\", table = \"t\" }\n }\n log_secrets = { bigquery_email = \"hunter2@example.com\", bigquery_secret = \"hunter2\" }", []string{"+ logging_bigquery {"}, ""},
		"kafka":    {"log = {\n kafka = { brokers = \"k:9093\", topic = \"t\", auth_method = \"plain\", user = \"u\" }\n }\n log_secrets = { kafka_password = \"hunter2\" }", []string{"+ logging_kafka {", `"topic":"t"`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := p.plan(t, c.arguments)
			require.NoError(t, err, out)
			for _, want := range c.want {
				require.Contains(t, out, want)
			}
			if c.lacks != "" {
				require.NotContains(t, out, c.lacks)
			}
		})
	}
}

// A plan of fifty sites.
func TestPlanOfFifty(t *testing.T) {
	p := newPlanner(t)
	var hosts []string
	for i := range 50 {
		hosts = append(hosts, fmt.Sprintf(`"brand%d.example.com": {"esp": "mailgun"}`, i))
	}
	sites := `{"sites": {` + strings.Join(hosts, ",") + `}}`
	p.write(t, "sites.json", sites)
	sum := sha256.Sum256([]byte(sites))
	p.write(t, "plan.json", `{"sites_sha256": "`+hex.EncodeToString(sum[:])+`", "package_hash": "`+p.pack(t)+`", "learned_links": 0, "version_comment": "sites.json of the test", "backends": {
		"mailgun": {"address": "mailgun.org", "port": 80, "tls": false, "name": "mailgun.org", "first_byte_timeout_ms": 60000}}}`)
	out, err := p.plan(t, "")
	require.NoError(t, err, out)
	require.Contains(t, out, "Plan: 54 to add")
	require.Contains(t, out, `fastly_domain.host["brand49.example.com"]`)
	require.Contains(t, out, `"use_ssl":false`)
}

// A value that is known only at apply is neither refused nor accepted: the
// apply decides.
func TestPlanOfUnknowns(t *testing.T) {
	p := newPlanner(t)
	out, err := p.plan(t, `log = { s3 = { bucket = terraform_data.later.output } }
  log_secrets = { s3_access_key = terraform_data.later.output, s3_secret_key = terraform_data.later.output }
}
resource "terraform_data" "later" {
  input = "x"
}
locals {`)
	require.NoError(t, err, out)
	require.Contains(t, out, "+ logging_s3")
}

// Terraform refuses the same arguments as the evaluator, with the same
// messages.
func TestPlanRefuses(t *testing.T) {
	p := newPlanner(t)
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			out, err := p.plan(t, c.arguments)
			require.Error(t, err)
			require.Contains(t, unwrapped(out), c.want)
			require.NotContains(t, out, "hunter2")
		})
	}
	for name, arguments := range accepted {
		if strings.Contains(arguments, "tls = null") {
			continue // asks the API
		}
		t.Run(name, func(t *testing.T) {
			out, err := p.plan(t, arguments)
			require.NoError(t, err, out)
		})
	}

	// Changed since: the package, then the sites.
	p.write(t, "plan.json", strings.Replace(read(t, "testdata/plan.json"), "of the package", "another", 1))
	out, err := p.plan(t, "")
	require.Error(t, err)
	require.Contains(t, out, "made for another package")
	p.write(t, "sites.json", `{"sites": {}}`)
	out, err = p.plan(t, "")
	require.Error(t, err)
	require.Contains(t, out, "made of another sites.json")
}

// unwrapped removes the frame and the line breaks of a message.
func unwrapped(out string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
}

// write makes a file in a new folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
