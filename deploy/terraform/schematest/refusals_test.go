package schematest

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
)

// refusals are arguments of the module and their messages. The same list is
// tried with Terraform and the provider, if available (TestPlanRefuses).
var refusals = map[string]struct{ arguments, want string }{
	// Unknown names.
	"log: misspelt target":       {`log = { htps = { url = "https://a.example/" } }`, `log has no target "htps"`},
	"log: misspelt beside":       {`log = { https = { url = "https://a.example/" }, S3 = {} }`, `log has no target "S3"`},
	"log: misspelt and null":     {`log = { kafak = null }`, `log has no target "kafak"`},
	"log: misspelt member":       {`log = { https = { url = "https://a.example/", header = "Authorization" } }`, `log.https has no "header"`},
	"log: another's member":      {`log = { gcs = { bucket = "b", account_name = "a", redundancy = "standard" } }`, `log.gcs has no "redundancy"`},
	"log: secret in the open":    {`log = { s3 = { bucket = "b", s3_access_key = "k", s3_secret_key = "s" } }`, `log.s3 has no "s3_access_key"`},
	"log: no object":             {`log = "https://a.example/"`, "log must be an object"},
	"log: a list":                {`log = [{ https = { url = "https://a.example/" } }]`, "log must be an object"},
	"log: target no object":      {`log = { https = "https://a.example/" }`, "log.https must be an object with"},
	"log: a list of targets":     {`log = { s3 = [{ bucket = "b" }] }`, "log.s3 must be an object with"},
	"log: two":                   {`log = { https = { url = "https://a.example/" }, gcs = { bucket = "b", account_name = "a" } }`, "choose one of https"},
	"secrets: misspelt":          {"log = { kafka = { brokers = \"k:9093\", topic = \"t\" } }\nlog_secrets = { kafka_pasword = \"hunter2\" }", `log_secrets has no "kafka_pasword"`},
	"secrets: no object":         {`log_secrets = "hunter2"`, "log_secrets must be an object"},
	"secrets: of another target": {"log = { s3 = { bucket = \"b\", iam_role = \"arn:aws:iam::123456789012:role/x\" } }\nlog_secrets = { kafka_password = \"hunter2\" }", "log_secrets.kafka_password is not used: log has the target s3"},
	"secrets: of no target":      {`log_secrets = { kafka_password = "hunter2" }`, "log_secrets.kafka_password is not used: log has no target"},
	"secrets: empty":             {"log = { s3 = { bucket = \"b\" } }\nlog_secrets = { s3_access_key = \"k\", s3_secret_key = \" \" }", "log_secrets.s3_secret_key is empty"},
	"secrets: an object":         {"log = { s3 = { bucket = \"b\" } }\nlog_secrets = { s3_access_key = \"k\", s3_secret_key = { value = \"x\" } }", "log_secrets.s3_secret_key is empty, or not a text"},

	// What is needed.
	"https: no url":        {`log = { https = {} }`, `log.https needs "url"`},
	"s3: no bucket":        {`log = { s3 = { iam_role = "arn:aws:iam::123456789012:role/x" } }`, `log.s3 needs "bucket"`},
	"s3: null bucket":      {`log = { s3 = { bucket = null, iam_role = "arn:aws:iam::123456789012:role/x" } }`, `log.s3 needs "bucket"`},
	"gcs: empty bucket":    {`log = { gcs = { bucket = "", account_name = "a" } }`, `log.gcs needs "bucket"`},
	"bigquery: no table":   {`log = { bigquery = { project_id = "p", dataset = "d", account_name = "a" } }`, `log.bigquery needs "table"`},
	"bigquery: no dataset": {`log = { bigquery = { project_id = "p", table = "t", account_name = "a" } }`, `log.bigquery needs "dataset"`},
	"bigquery: no project": {`log = { bigquery = { dataset = "p", table = "t", account_name = "a" } }`, `log.bigquery needs "project_id"`},
	"kafka: no topic":      {`log = { kafka = { brokers = "k:9093" } }`, `log.kafka needs "topic"`},
	"kafka: no brokers":    {`log = { kafka = { topic = "t" } }`, `log.kafka needs "brokers"`},

	// Credentials: all of one set.
	"https: header without value":    {`log = { https = { url = "https://a.example/", header_name = "Authorization" } }`, "header_name and log_secrets.https_header_value go together"},
	"https: value without header":    {"log = { https = { url = \"https://a.example/\" } }\nlog_secrets = { https_header_value = \"hunter2\" }", "header_name and log_secrets.https_header_value go together"},
	"s3: nothing":                    {`log = { s3 = { bucket = "b" } }`, "log.s3 has no credentials"},
	"s3: half a pair":                {"log = { s3 = { bucket = \"b\" } }\nlog_secrets = { s3_access_key = \"k\" }", "log.s3 has no credentials"},
	"s3: the other half":             {"log = { s3 = { bucket = \"b\" } }\nlog_secrets = { s3_secret_key = \"k\" }", "log.s3 has no credentials"},
	"s3: both ways":                  {"log = { s3 = { bucket = \"b\", iam_role = \"arn:aws:iam::123456789012:role/x\" } }\nlog_secrets = { s3_access_key = \"k\", s3_secret_key = \"s\" }", "log.s3 has iam_role, and log_secrets has a key"},
	"s3: role that is none":          {`log = { s3 = { bucket = "b", iam_role = "fastly" } }`, "log.s3.iam_role must be the ARN"},
	"gcs: nothing":                   {`log = { gcs = { bucket = "b" } }`, "log.gcs has no credentials"},
	"gcs: user alone":                {`log = { gcs = { bucket = "b", user = "u@p.iam.gserviceaccount.com" } }`, "log.gcs has no credentials"},
	"gcs: key alone":                 {"log = { gcs = { bucket = \"b\" } }\nlog_secrets = { gcs_secret_key = \"k\" }", "log.gcs has no credentials"},
	"gcs: both ways":                 {"log = { gcs = { bucket = \"b\", user = \"u\", account_name = \"a\" } }\nlog_secrets = { gcs_secret_key = \"k\" }", "log.gcs has account_name, and user"},
	"bigquery: nothing":              {`log = { bigquery = { project_id = "p", dataset = "d", table = "t" } }`, "log.bigquery has no credentials"},
	"bigquery: key alone":            {"log = { bigquery = { project_id = \"p\", dataset = \"d\", table = \"t\" } }\nlog_secrets = { bigquery_secret = \"k\" }", "log.bigquery has no credentials"},
	"bigquery: both ways":            {"log = { bigquery = { project_id = \"p\", dataset = \"d\", table = \"t\", account_name = \"a\" } }\nlog_secrets = { bigquery_email = \"e\" }", "log.bigquery has account_name, and log_secrets"},
	"s3: empty role":                 {`log = { s3 = { bucket = "b", iam_role = "" } }`, "log.s3 has no credentials"},
	"gcs: empty account":             {`log = { gcs = { bucket = "b", account_name = "" } }`, "log.gcs has no credentials"},
	"gcs: empty user":                {"log = { gcs = { bucket = \"b\", user = \" \" } }\nlog_secrets = { gcs_secret_key = \"k\" }", "log.gcs has no credentials"},
	"bigquery: empty account":        {`log = { bigquery = { project_id = "p", dataset = "d", table = "t", account_name = "" } }`, "log.bigquery has no credentials"},
	"bigquery: no account":           {`log = { bigquery = { project_id = "p", dataset = "d", table = "t", account_name = {} } }`, "log.bigquery has no credentials"},
	"kafka: method alone":            {`log = { kafka = { brokers = "k:9093", topic = "t", auth_method = "plain" } }`, "log.kafka needs all of auth_method"},
	"kafka: no password":             {`log = { kafka = { brokers = "k:9093", topic = "t", auth_method = "plain", user = "u" } }`, "log.kafka needs all of auth_method"},
	"kafka: password without method": {"log = { kafka = { brokers = \"k:9093\", topic = \"t\" } }\nlog_secrets = { kafka_password = \"hunter2\" }", "log.kafka needs all of auth_method"},

	// Values.
	"https: http":            {`log = { https = { url = "http://a.example/" } }`, "log.https.url must be an https:// URL"},
	"https: user":            {`log = { https = { url = "https://u:p@a.example/" } }`, "without a user's name and password"},
	"https: no host":         {`log = { https = { url = "https://" } }`, "log.https.url must be an https:// URL"},
	"https: header and all":  {"log = { https = { url = \"https://a.example/\", header_name = \"Authorization: Bearer\" } }\nlog_secrets = { https_header_value = \"x\" }", "header_name is not the name of a header"},
	"https: period 0":        {`log = { https = { url = "https://a.example/", period = 0 } }`, "log.https.period must be a whole number"},
	"s3: period half":        {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", period = 0.5 } }`, "log.s3.period must be a whole number"},
	"gcs: period in words":   {`log = { gcs = { bucket = "b", account_name = "a", period = "5m" } }`, "log.gcs.period must be a whole number"},
	"s3: period negative":    {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", period = -1 } }`, "log.s3.period must be a whole number"},
	"s3: path":               {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", path = "/clicks" } }`, "log.s3.path must end with a slash"},
	"gcs: path":              {`log = { gcs = { bucket = "b", account_name = "a", path = "clicks" } }`, "log.gcs.path must end with a slash"},
	"s3: bucket's URL":       {`log = { s3 = { bucket = "s3://b", iam_role = "arn:aws:iam::123456789012:role/x" } }`, "log.s3.bucket must be the bucket's name alone"},
	"gcs: bucket and path":   {`log = { gcs = { bucket = "b/clicks", account_name = "a" } }`, "log.gcs.bucket must be the bucket's name alone"},
	"s3: domain":             {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", domain = "https://s3.example/" } }`, "log.s3.domain must be the host"},
	"s3: storage class":      {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", redundancy = "STANDARD" } }`, "log.s3.redundancy must be"},
	"s3: codec":              {`log = { s3 = { bucket = "b", iam_role = "arn:aws:iam::123456789012:role/x", compression_codec = "lz4" } }`, "log.s3.compression_codec must be gzip"},
	"gcs: codec":             {`log = { gcs = { bucket = "b", account_name = "a", compression_codec = "gz" } }`, "log.gcs.compression_codec must be gzip"},
	"kafka: codec":           {`log = { kafka = { brokers = "k:9093", topic = "t", compression_codec = "zstd" } }`, "log.kafka.compression_codec must be gzip"},
	"kafka: acks":            {`log = { kafka = { brokers = "k:9093", topic = "t", required_acks = "all" } }`, "log.kafka.required_acks must be"},
	"kafka: method":          {"log = { kafka = { brokers = \"k:9093\", topic = \"t\", auth_method = \"PLAIN\", user = \"u\" } }\nlog_secrets = { kafka_password = \"x\" }", "log.kafka.auth_method must be plain"},
	"certificate authority":  {`certificate_authority = "letsencrypt"`, "The certificate authority must be"},
	"empty configuration":    {`tls_configuration_id = ""`, "tls_configuration_id must be an id"},
	"empty name":             {`name = " "`, "The name must not be empty"},
	"no connect timeout":     {`connect_timeout = 0`, "connect_timeout must be a whole number"},
	"timeout in seconds":     {`between_bytes_timeout = 0.5`, "between_bytes_timeout must be a whole number"},
	"timeout without end":    {`between_bytes_timeout = 60001`, "between_bytes_timeout must be a whole number"},
	"wait for nothing":       {"tls = false\nwait_for_tls = true", "wait_for_tls waits for the certificates"},
	"configuration, no tls":  {"tls = false\ntls_configuration_id = \"c1\"", "tls_configuration_id is for the certificates"},
	"keep what is not moved": {"versionless_domains = false\nkeep_versioned_domains = true", "keep_versioned_domains goes with"},
}

// accepted are the arguments nearest to the refused ones.
var accepted = map[string]string{
	"nothing":                   "",
	"log: nowhere":              `log = {}`,
	"log: null":                 `log = null`,
	"log: null target":          `log = { https = null }`,
	"secrets: null":             "log_secrets = null",
	"secrets: null members":     `log_secrets = { kafka_password = null }`,
	"https":                     `log = { https = { url = "https://a.example/clicks?token=x", period = null } }`,
	"https: period as text":     `log = { https = { url = "https://a.example", period = "5" } }`,
	"https: header":             "log = { https = { url = \"https://a.example/\", header_name = \"X-Token\" } }\nlog_secrets = { https_header_value = \"x\" }",
	"s3: role":                  `log = { s3 = { bucket = "b", iam_role = "arn:aws-us-gov:iam::123456789012:role/path/x", path = "" } }`,
	"s3: keys":                  "log = { s3 = { bucket = \"b\", domain = \"s3.eu-central-1.amazonaws.com\", redundancy = \"glacier_ir\" } }\nlog_secrets = { s3_access_key = \"k\", s3_secret_key = \"s\" }",
	"gcs: account":              `log = { gcs = { bucket = "b", account_name = "a" } }`,
	"gcs: user":                 "log = { gcs = { bucket = \"b\", user = \"u\", project_id = \"p\" } }\nlog_secrets = { gcs_secret_key = \"k\" }",
	"bigquery: account":         `log = { bigquery = { project_id = "p", dataset = "d", table = "t", account_name = "a", template = "%Y" } }`,
	"bigquery: key":             "log = { bigquery = { project_id = \"p\", dataset = \"d\", table = \"t\" } }\nlog_secrets = { bigquery_email = \"e\", bigquery_secret = \"k\" }",
	"kafka: open":               `log = { kafka = { brokers = "k:9093", topic = "t", required_acks = -1 } }`,
	"kafka: password":           "log = { kafka = { brokers = \"k:9093\", topic = \"t\", auth_method = \"scram-sha-512\", user = \"u\", tls_hostname = \"k\", compression_codec = \"lz4\" } }\nlog_secrets = { kafka_password = \"x\" }",
	"staged":                    "stage = true",
	"in versions":               "versionless_domains = false",
	"moving":                    "keep_versioned_domains = true",
	"nulls":                     "stage = null\nname = null\ntls = null\nversionless_domains = null\nretired_hosts = null",
	"certificates of elsewhere": "tls = false",
}

// evaluator reads arguments as a caller of the module writes them.
func evaluator(t *testing.T, text string) *Evaluator {
	t.Helper()
	given := arguments(t)
	f, diags := hclsyntax.ParseConfig([]byte(text), "call.tf", hcl.InitialPos)
	require.False(t, diags.HasErrors(), "%v", diags)
	attributes, diags := f.Body.JustAttributes()
	require.False(t, diags.HasErrors(), "%v", diags)
	for name, a := range attributes {
		v, diags := a.Expr.Value(nil)
		require.False(t, diags.HasErrors(), "%v", diags)
		given[name] = v
	}
	e, err := NewEvaluator(parse(files(t), schema(t)), "/", given)
	require.NoError(t, err)
	e.Set("data.fastly_package_hash.module", cty.ObjectVal(map[string]cty.Value{"hash": cty.StringVal("of the package")}))
	e.Set("terraform_data.domains", cty.ObjectVal(map[string]cty.Value{"output": e.vars["versionless_domains"]}))
	return e
}

// Every invalid argument is refused. Once a log target with a misspelt name was
// silently dropped, and one without credentials was sent to Fastly.
func TestRefusals(t *testing.T) {
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			said, err := evaluator(t, c.arguments).Refusals()
			require.NoError(t, err)
			require.Contains(t, strings.Join(said, "\n"), c.want)
			require.NotContains(t, strings.Join(said, "\n"), "hunter2")
		})
	}
	for name, arguments := range accepted {
		t.Run(name, func(t *testing.T) {
			said, err := evaluator(t, arguments).Refusals()
			require.NoError(t, err)
			require.Empty(t, said)
		})
	}
}

// The table of targets, that of their secrets and the variable's validation
// have the same names.
func TestTablesOfTargetsAgree(t *testing.T) {
	e := evaluator(t, "")
	takes, err := e.local("log_takes")
	require.NoError(t, err)
	kinds := sortedKeys(takes.AsValueMap())
	require.Len(t, kinds, 5)
	for _, table := range []string{"log_needs", "log_secrets_of"} {
		other, err := e.local(table)
		require.NoError(t, err)
		require.Equal(t, kinds, sortedKeys(other.AsValueMap()), table)
	}
	for _, kind := range kinds {
		said, err := evaluator(t, "log = { "+kind+" = {} }").Refusals()
		require.NoError(t, err)
		require.NotContains(t, strings.Join(said, "\n"), "has no target")
		require.Contains(t, strings.Join(said, "\n"), "log."+kind+" needs")
	}
}

// All mistakes are reported at once, not one for each plan.
func TestAllRefusalsAtOnce(t *testing.T) {
	said, err := evaluator(t, `log = { s3 = { bukket = "b", period = 0, path = "x" } }`).Refusals()
	require.NoError(t, err)
	for _, want := range []string{`no "bukket"`, `needs "bucket"`, "no credentials", "period must", "path must"} {
		require.Contains(t, strings.Join(said, "\n"), want)
	}
}

// A plan or package of another sites.json is refused.
func TestRefusesAnother(t *testing.T) {
	for name, c := range map[string]struct{ argument, file, want string }{
		"plan of other sites":   {"sites", `{"sites": {"a.example.com": {"esp": "mailgun"}}}`, "The plan was made of another sites.json"},
		"no sites":              {"sites", `{"sites": {}}`, "sites.json has no site"},
		"plan that is no plan":  {"plan", `{"sites": {}}`, "The plan was made of another sites.json"},
		"another's package":     {"plan", strings.Replace(read(t, "testdata/plan.json"), "of the package", "another", 1), "The plan was made for another package"},
		"an earlier plan":       {"plan", strings.Replace(read(t, "testdata/plan.json"), "version_comment", "comment", 1), "The plan was made by an earlier clickedge"},
		"plan without backends": {"plan", `[]`, "The plan was made for another package"},
	} {
		t.Run(name, func(t *testing.T) {
			e := evaluator(t, "")
			e.vars[c.argument] = cty.StringVal(write(t, "x.json", c.file))
			said, err := e.Refusals()
			require.NoError(t, err)
			require.Contains(t, strings.Join(said, "\n"), c.want)
		})
	}
}

// A change of versionless_domains needs several steps: in one step the domains
// were off the service for a while.
func TestDomainsMoveInSteps(t *testing.T) {
	for _, c := range []struct {
		arguments string
		were      cty.Value // what the last apply has left
		refused   bool
	}{
		{"", cty.UnknownVal(cty.Bool), false},
		{"", cty.True, false},
		{"versionless_domains = false", cty.False, false},
		{"", cty.False, true},
		{"versionless_domains = false", cty.True, true},
		{"keep_versioned_domains = true", cty.False, false},
		{"versionless_domains = false", cty.UnknownVal(cty.Bool), false},
	} {
		e := evaluator(t, c.arguments)
		e.Set("terraform_data.domains", cty.ObjectVal(map[string]cty.Value{"output": c.were}))
		said, err := e.Refusals()
		require.NoError(t, err)
		require.Equal(t, c.refused, strings.Contains(strings.Join(said, "\n"), "cannot change in one step"), c)
	}
}
