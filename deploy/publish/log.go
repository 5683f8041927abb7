package publish

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Log is the log target of the click log.
type Log struct {
	kind   string
	object Object
}

// member is a member of a log target in the file, the same as in
// deploy/terraform's variable log.
type member struct {
	name, field string // in the file, and in the API's form
	value       string // the default
	needed      bool
	number      bool
	check       func(string) string
}

// target is a kind of log endpoint.
type target struct {
	members []member
	secrets []logSecret
	fixed   []Field
	// ways are the alternative sets of form fields with which a target
	// authenticates: it needs all fields of one set.
	ways [][]string
}

// logSecret is a secret of a log target, with the environment variable that has
// it.
type logSecret struct{ field, env string }

var blank = Field{Name: "message_type", Value: "blank"}

// targets are the kinds of log targets.
var targets = map[string]target{
	"https": {
		members: []member{
			{name: "url", field: "url", needed: true, check: matches(`^https://[^/?#@\s]+([/?#]\S*)?$`, "must be an https:// URL, without a user's name and password: those go into a header")},
			{name: "header_name", field: "header_name", check: matches("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", "is not the name of a header; its value comes from CLICKEDGE_LOG_HTTPS_HEADER_VALUE")},
			{name: "period", field: "period", value: "5", number: true},
		},
		secrets: []logSecret{{"header_value", "CLICKEDGE_LOG_HTTPS_HEADER_VALUE"}},
		fixed:   []Field{{Name: "method", Value: "POST"}, {Name: "content_type", Value: "application/x-ndjson"}, {Name: "json_format", Value: "2"}, blank},
		ways:    [][]string{{}, {"header_name", "header_value"}},
	},
	"s3": {
		members: []member{
			{name: "bucket", field: "bucket_name", needed: true},
			{name: "domain", field: "domain", value: "s3.amazonaws.com", check: matches(`^[a-z0-9.-]+$`, "must be the host of an S3 endpoint, such as s3.eu-central-1.amazonaws.com")},
			{name: "path", field: "path", value: clicklog.Folder, check: slash},
			{name: "iam_role", field: "iam_role", check: matches(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`, "must be the ARN of a role, such as arn:aws:iam::123456789012:role/fastly")},
			{name: "period", field: "period", value: "300", number: true},
			{name: "redundancy", field: "redundancy", value: "standard", check: oneOf("standard", "intelligent_tiering", "standard_ia", "onezone_ia", "glacier", "glacier_ir", "deep_archive", "reduced_redundancy")},
			{name: "compression_codec", field: "compression_codec", value: "gzip", check: oneOf("gzip", "snappy", "zstd")},
		},
		secrets: []logSecret{{"access_key", "CLICKEDGE_LOG_S3_ACCESS_KEY"}, {"secret_key", "CLICKEDGE_LOG_S3_SECRET_KEY"}},
		fixed:   []Field{blank},
		ways:    [][]string{{"iam_role"}, {"access_key", "secret_key"}},
	},
	"gcs": {
		members: []member{
			{name: "bucket", field: "bucket_name", needed: true},
			{name: "project_id", field: "project_id"},
			{name: "user", field: "user"},
			{name: "account_name", field: "account_name"},
			{name: "path", field: "path", value: clicklog.Folder, check: slash},
			{name: "period", field: "period", value: "300", number: true},
			{name: "compression_codec", field: "compression_codec", value: "gzip", check: oneOf("gzip", "snappy", "zstd")},
		},
		secrets: []logSecret{{"secret_key", "CLICKEDGE_LOG_GCS_SECRET_KEY"}},
		fixed:   []Field{blank},
		ways:    [][]string{{"account_name"}, {"user", "secret_key"}},
	},
	"bigquery": {
		members: []member{
			{name: "project_id", field: "project_id", needed: true},
			{name: "dataset", field: "dataset", needed: true},
			{name: "table", field: "table", needed: true},
			{name: "template", field: "template_suffix"},
			{name: "account_name", field: "account_name"},
		},
		secrets: []logSecret{{"user", "CLICKEDGE_LOG_BIGQUERY_EMAIL"}, {"secret_key", "CLICKEDGE_LOG_BIGQUERY_SECRET"}},
		ways:    [][]string{{"account_name"}, {"user", "secret_key"}},
	},
	"kafka": {
		members: []member{
			{name: "brokers", field: "brokers", needed: true},
			{name: "topic", field: "topic", needed: true},
			{name: "auth_method", field: "auth_method", check: oneOf("plain", "scram-sha-256", "scram-sha-512")},
			{name: "user", field: "user"},
			{name: "required_acks", field: "required_acks", value: "1", check: oneOf("1", "0", "-1")},
			{name: "tls_hostname", field: "tls_hostname"},
			{name: "compression_codec", field: "compression_codec", check: oneOf("gzip", "snappy", "lz4")},
		},
		secrets: []logSecret{{"password", "CLICKEDGE_LOG_KAFKA_PASSWORD"}},
		fixed:   []Field{{Name: "use_tls", Value: "1"}},
		ways:    [][]string{{}, {"auth_method", "user", "password"}},
	},
}

func matches(pattern, says string) func(string) string {
	re := regexp.MustCompile(pattern)
	return func(s string) string {
		if re.MatchString(s) {
			return ""
		}
		return says
	}
}

func slash(s string) string {
	if s == "" || strings.HasSuffix(s, "/") {
		return ""
	}
	return "must end with a slash: what follows the last one would be part of each file's name"
}

func oneOf(values ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		return "must be one of " + strings.Join(values, ", ")
	}
}

// ReadLogFile reads the file of --log, and the secrets of its target from the
// environment. A variable that no target reads is refused.
func ReadLogFile(in *input.Input, name string, lookupEnv func(string) (string, bool), environ func() []string) (*Log, error) {
	text, err := in.ReadText("the log target", name, input.MostManifest, "leave --log out to keep the one there is")
	if err != nil {
		return nil, err
	}
	if environ != nil {
		if v := UnknownLogVariable(environ()); v != "" {
			return nil, failure.Usage(fmt.Errorf("no log target reads the environment variable %s", clean.Cut(v, 60)), "these are read: "+strings.Join(LogVariables(), ", "))
		}
	}
	to, err := ReadLog(text, lookupEnv)
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("%s: %w", sitesfile.Shown(name), err), "deploy/terraform/README.md has the targets and what each takes")
	}
	return to, nil
}

// ReadLog reads the file of a log target: an object with one member, named by
// the kind of target, as in deploy/terraform's variable log. Secrets come from
// the environment; one that is not set stays unchanged at the endpoint.
func ReadLog(text []byte, lookupEnv func(string) (string, bool)) (*Log, error) {
	var file map[string]map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&file); err != nil || d.More() {
		return nil, errors.New(`it is not an object such as {"s3": {"bucket": "clicks", "iam_role": "…"}}`)
	}
	r := jsontext.NewReader(text)
	if name := duplicateName(&r); name != "" {
		return nil, fmt.Errorf("it has %q twice: which of the two is meant?", name)
	}
	kinds := slices.Sorted(maps.Keys(file))
	if len(kinds) != 1 {
		return nil, fmt.Errorf("it names %d targets: the module writes to one log endpoint, %s; choose one of %s", len(kinds), contract.LogEndpoint, kindNames())
	}
	t, ok := targets[kinds[0]]
	if !ok {
		return nil, fmt.Errorf("it has no target %q: it takes %s", kinds[0], kindNames())
	}
	return t.read(kinds[0], file[kinds[0]], lookupEnv)
}

// duplicateName finds a name that an object in a value has twice, of which
// encoding/json takes the last. The text is valid JSON.
func duplicateName(r *jsontext.Reader) (twice string) {
	switch r.Next() {
	case '{':
		seen := map[string]bool{}
		r.Object(func(name jsontext.Text) {
			if seen[string(name.Bytes)] {
				twice = cmp.Or(twice, string(name.Bytes))
			}
			seen[string(name.Bytes)] = true
			twice = cmp.Or(twice, duplicateName(r))
		})
	case '[':
		r.List(func(int) { twice = cmp.Or(twice, duplicateName(r)) })
	default:
		r.Skip()
	}
	return twice
}

// UnknownLogVariable finds a variable, NAME=value each, that is named like the
// secret of a log target but that no target reads; "" for none.
func UnknownLogVariable(environ []string) string {
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		known := slices.Contains(LogVariables(), name)
		if strings.HasPrefix(strings.ToUpper(name), contract.LogVariable) && value != "" && !known {
			return name
		}
	}
	return ""
}

// LogVariables are the environment variables that targets read.
func LogVariables() (names []string) {
	for _, kind := range slices.Sorted(maps.Keys(targets)) {
		t := targets[kind]
		names = append(names, t.variables()...)
	}
	return names
}

func kindNames() string { return strings.Join(slices.Sorted(maps.Keys(targets)), ", ") }

func (t *target) read(kind string, file map[string]any, lookupEnv func(string) (string, bool)) (*Log, error) {
	o := Object{Kind: kindLogging + kind, Name: contract.LogEndpoint, Fields: slices.Clone(t.fixed)}
	var names []string
	for _, m := range t.members {
		names = append(names, m.name)
		value, err := m.read(file[m.name])
		if err != nil {
			return nil, fmt.Errorf("%s.%s %w", kind, m.name, err)
		}
		o.Fields = append(o.Fields, Field{Name: m.field, Value: value})
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s has no %q: it takes %s; secrets come from %s", kind, name, strings.Join(names, ", "), strings.Join(t.variables(), ", "))
		}
	}
	for _, s := range t.secrets {
		value, set := lookupEnv(s.env)
		switch trimmed := strings.TrimSpace(value); {
		case set && trimmed == "":
			return nil, fmt.Errorf("%s is set but empty", s.env)
		case trimmed != value && !strings.HasPrefix(trimmed, "-----BEGIN "):
			return nil, fmt.Errorf("%s begins or ends in white space, which would be sent as part of it", s.env)
		}
		o.Fields = append(o.Fields, Field{Name: s.field, Value: value, Secret: true, Keep: true})
	}
	return &Log{kind: kind, object: o}, nil
}

func (t *target) variables() (names []string) {
	for _, s := range t.secrets {
		names = append(names, s.env)
	}
	return names
}

func (m *member) read(v any) (string, error) {
	value := m.value
	switch v := v.(type) {
	case nil:
	case string:
		value = v
	case json.Number:
		value = v.String()
	default:
		return "", errors.New("is neither a text nor a number")
	}
	switch {
	case value == "" && m.needed:
		return "", errors.New("is missing")
	case value == "":
		return "", nil
	case m.number:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > math.MaxInt32 {
			return "", errors.New("must be a whole number of seconds, 1 or more")
		}
	case m.check != nil:
		if says := m.check(value); says != "" {
			return "", errors.New(says)
		}
	}
	return value, nil
}

// endpoint is the log endpoint to be, given the existing one; lacks says which
// credentials are missing, which the existing one may have. Fastly accepts a
// target without credentials and drops the lines.
func (l *Log) endpoint(have found) (o Object, lacks string) {
	o = Object{Kind: l.object.Kind, Name: l.object.Name, Fields: slices.Clone(l.object.Fields)}
	given := l.authenticating(func(f *Field) bool { return f.Value != "" })
	for _, way := range targets[l.kind].ways {
		if sameSet(way, given) {
			o.clearOtherWays(way)
			return o, ""
		}
	}
	given = l.authenticating(func(f *Field) bool { return f.Value != "" || f.Keep && have[f.Name] != "" })
	for _, way := range targets[l.kind].ways {
		if sameSet(way, given) {
			return o, ""
		}
	}
	return o, "log target " + l.kind + " needs " + l.waysText() + ", and has " + cmp.Or(strings.Join(given, " and "), "none of it")
}

// authenticating are the fields of all ways for which has is true.
func (l *Log) authenticating(has func(*Field) bool) (names []string) {
	for _, f := range l.object.Fields {
		if has(&f) && slices.ContainsFunc(targets[l.kind].ways, func(way []string) bool { return slices.Contains(way, f.Name) }) {
			names = append(names, f.Name)
		}
	}
	return names
}

// clearOtherWays empties the secrets of the ways that are not used.
func (o *Object) clearOtherWays(way []string) {
	for i := range o.Fields {
		if o.Fields[i].Secret && !slices.Contains(way, o.Fields[i].Name) {
			o.Fields[i].Keep = false
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// waysText names the members of the file and the environment variables.
func (l *Log) waysText() string {
	t := targets[l.kind]
	var ways []string
	for _, way := range targets[l.kind].ways {
		var parts []string
		for _, field := range way {
			parts = append(parts, t.source(field))
		}
		ways = append(ways, cmp.Or(strings.Join(parts, " and "), "nothing"))
	}
	return strings.Join(ways, ", or ")
}

func (t *target) source(field string) string {
	for _, s := range t.secrets {
		if s.field == field {
			return s.env
		}
	}
	for _, m := range t.members {
		if m.field == field {
			return strconv.Quote(m.name)
		}
	}
	return field
}

// secrets are the values that no error may contain.
func (l *Log) secrets() (list [][]byte) {
	if l == nil {
		return nil
	}
	for _, f := range l.object.Fields {
		if f.Secret && f.Value != "" {
			list = append(list, []byte(f.Value))
		}
		if f.shown(f.Value) != f.Value {
			_, query, _ := strings.Cut(f.Value, "?")
			list = append(list, []byte(query))
		}
	}
	return list
}
