package publish

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/stretchr/testify/require"
)

// block returns the settings of a dynamic block of the Terraform module.
func block(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../terraform/main.tf")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "dynamic \""+name+"\" {")
	require.True(t, ok, name)
	_, rest, _ = strings.Cut(rest, "content {")
	content, _, _ := strings.Cut(rest, "\n    }\n")
	settings := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w+)\s*= (.*)$`).FindAllStringSubmatch(content, -1) {
		settings[m[1]] = m[2]
	}
	require.NotEmpty(t, settings)
	return settings
}

// variable is the default of one of the module's variables.
func variable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../terraform/variables.tf")
	require.NoError(t, err)
	m := regexp.MustCompile(`(?s)variable "` + name + `" \{.*?\n\s+default\s+= (\S+)\n`).FindStringSubmatch(string(text))
	require.NotNil(t, m, name)
	return m[1]
}

// Terraform and publish give a backend the same settings: each setting of the
// Terraform module is evaluated and compared, and neither has others.
func TestBackendsAreThoseOfTerraform(t *testing.T) {
	for key, b := range map[string]Backend{
		"sendgrid": {Address: "sendgrid.net", Port: 443, TLS: true, TLSName: "sendgrid.net", FirstByteMS: 60000},
		"mailgun":  {Address: "mailgun.org", Port: 80, TLSName: "mailgun.org", FirstByteMS: 5000},
	} {
		given := map[string]string{
			"backend.key": key, "backend.value.address": b.Address, "backend.value.port": strconv.Itoa(int(b.Port)), "backend.value.tls": flag(b.TLS), "true": "1",
			"backend.value.tls ? backend.value.name : null": "", `backend.value.tls ? "1.2" : null`: "",
			"backend.value.first_byte_timeout_ms": strconv.FormatInt(b.FirstByteMS, 10),
		}
		if b.TLS {
			given["backend.value.tls ? backend.value.name : null"], given[`backend.value.tls ? "1.2" : null`] = b.TLSName, "1.2"
		}
		want := found{}
		for name, expression := range block(t, "backend") {
			value, known := given[expression]
			if v, ok := strings.CutPrefix(expression, "var."); ok {
				value, known = map[string]string{"false": "0", "true": "1"}[variable(t, v)], true
				if value == "" {
					value = variable(t, v)
				}
			}
			require.True(t, known, "%s = %s", name, expression)
			want[name] = value
		}
		have := found{"name": key}
		for _, f := range b.object(key).Fields {
			if _, ok := want[f.Name]; ok || f.Value != "" {
				have[f.Name] = f.Value
			}
		}
		require.Equal(t, want, have)
	}
}

// The provider's names of settings, where they differ from the API's.
var renamed = map[string]string{
	"s3_iam_role": "iam_role", "s3_access_key": "access_key", "s3_secret_key": "secret_key", "template": "template_suffix", "email": "user",
}

// A log endpoint has the same settings as with Terraform, under the API's
// names, with the same defaults and members.
func TestLogEndpointsAreThoseOfTerraform(t *testing.T) {
	rules, err := os.ReadFile("../terraform/logging.tf")
	require.NoError(t, err)
	for kind, target := range targets {
		var ours []string
		fixed := map[string]string{}
		for _, f := range target.fixed {
			fixed[f.Name] = f.Value
			ours = append(ours, f.Name)
		}
		for _, m := range target.members {
			ours = append(ours, m.field)
		}
		for _, s := range target.secrets {
			ours = append(ours, s.field)
		}
		var theirs []string
		for name, expression := range block(t, "logging_"+kind) {
			if r := renamed[name]; r != "" && (kind != "kafka") {
				name = r
			}
			if name != "name" {
				theirs = append(theirs, name)
			}
			if text, err := strconv.Unquote(expression); err == nil && name != "name" {
				require.Equal(t, text, fixed[name], "%s %s", kind, name)
			}
		}
		require.ElementsMatch(t, theirs, ours, kind)

		_, rest, _ := strings.Cut(string(rules), "    "+kind+" = {\n")
		takes, _, _ := strings.Cut(rest, "\n    }")
		var members []string
		for _, m := range regexp.MustCompile(`(?m)^\s+(\w+)\s*= (.*)$`).FindAllStringSubmatch(takes, -1) {
			members = append(members, m[1])
			i := slices.IndexFunc(target.members, func(o member) bool { return o.name == m[1] })
			require.GreaterOrEqual(t, i, 0, "%s.%s", kind, m[1])
			value := strings.Trim(strings.Replace(m[2], "null", "", 1), `"`)
			if value == "local.click_log.path" {
				value = logPath(t)
			}
			require.Equal(t, value, target.members[i].value, "%s.%s", kind, m[1])
		}
		require.Len(t, members, len(target.members), kind)
	}
}

// logPath is the path that the module reads of its generated file.
func logPath(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../terraform/clicklog.json")
	require.NoError(t, err)
	var log struct{ Path string }
	require.NoError(t, json.Unmarshal(text, &log))
	return log.Path
}

// Each field is one that go-fastly sends too: a misspelt one would be sent and
// do nothing.
func TestFieldsAreThoseOfGoFastly(t *testing.T) {
	types := map[string]any{
		kindBackend: fastly.CreateBackendInput{}, "logging/https": fastly.CreateHTTPSInput{}, "logging/s3": fastly.CreateS3Input{}, "logging/gcs": fastly.CreateGCSInput{},
		"logging/bigquery": fastly.CreateBigQueryInput{}, "logging/kafka": fastly.CreateKafkaInput{},
	}
	objects := []Object{Backend{}.object("b")}
	for kind, target := range targets {
		o := Object{Kind: kindLogging + kind, Fields: slices.Clone(target.fixed)}
		for _, m := range target.members {
			o.Fields = append(o.Fields, Field{Name: m.field})
		}
		for _, s := range target.secrets {
			o.Fields = append(o.Fields, Field{Name: s.field})
		}
		objects = append(objects, o)
	}
	require.Len(t, objects, len(types))
	for _, o := range objects {
		known := map[string]bool{}
		in := reflect.TypeOf(types[o.Kind])
		for i := range in.NumField() {
			name, _, _ := strings.Cut(in.Field(i).Tag.Get("url"), ",")
			known[name] = true
		}
		for _, f := range o.Fields {
			require.True(t, known[f.Name], "%s %s", o.Kind, f.Name)
		}
	}
}
