package publish_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/publish"
)

// log reads a log target, or fails.
func (r *rig) log(file string, vars ...string) {
	r.t.Helper()
	var err error
	r.w.Log, err = publish.ReadLog([]byte(file), lookup(vars...))
	require.NoError(r.t, err)
}

func TestEveryLogTarget(t *testing.T) {
	for kind, c := range map[string]struct {
		file string
		vars []string
		want string
	}{
		"https": {`{"https": {"url": "https://log.example.com/"}}`, nil,
			"method POST, content_type application/x-ndjson, json_format 2, message_type blank, url https://log.example.com/, period 5"},
		"s3": {`{"s3": {"bucket": "clicks", "iam_role": "arn:aws:iam::123456789012:role/fastly", "period": 60}}`, nil,
			"message_type blank, bucket_name clicks, domain s3.amazonaws.com, path clicks/dt=%Y-%m-%d/, iam_role arn:aws:iam::123456789012:role/fastly, period 60, redundancy standard, compression_codec gzip"},
		"gcs": {`{"gcs": {"bucket": "clicks", "user": "u"}}`, []string{"CLICKEDGE_LOG_GCS_SECRET_KEY=s3cr3t-value"},
			"message_type blank, bucket_name clicks, user u, path clicks/dt=%Y-%m-%d/, period 300, compression_codec gzip, secret_key (secret)"},
		"bigquery": {`{"bigquery": {"project_id": "p", "dataset": "d", "table": "t", "account_name": "a"}}`, nil,
			"project_id p, dataset d, table t, account_name a"},
		"kafka": {`{"kafka": {"brokers": "b:9092", "topic": "clicks", "auth_method": "plain", "user": "u"}}`, []string{"CLICKEDGE_LOG_KAFKA_PASSWORD=s3cr3t-value"},
			"use_tls 1, brokers b:9092, topic clicks, auth_method plain, user u, required_acks 1, password (secret)"},
	} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t)
			r.log(c.file, c.vars...)
			require.Contains(t, lines(r.plan()), fmt.Sprintf("+ log endpoint %q (%s): %s\n", "clicks", kind, c.want))
			r.publish()
			require.True(t, r.plan().Empty())
			r.w.Log = nil
			require.Contains(t, strings.Join(r.plan().Notes, "\n"), fmt.Sprintf("log endpoint %q (%s) stays as it is", "clicks", kind))
		})
	}
}

func TestDoubtfulLogTargetsAreRefused(t *testing.T) {
	for file, want := range map[string]string{
		`[]`:                                                "it is not an object",
		`{}`:                                                "it names 0 targets",
		`{"s3": {}, "gcs": {}}`:                             "it names 2 targets",
		`{"s3": {}} {}`:                                     "it is not an object",
		`{"S3": {"bucket": "b"}}`:                           `it has no target "S3": it takes bigquery, gcs, https, kafka, s3`,
		`{"s3": {"buckett": "b"}}`:                          "s3.bucket is missing",
		`{"s3": {"bucket": "b", "key": "k"}}`:               `s3 has no "key": it takes bucket, domain, path, iam_role, period, redundancy, compression_codec; secrets come from CLICKEDGE_LOG_S3_ACCESS_KEY, CLICKEDGE_LOG_S3_SECRET_KEY`,
		`{"s3": {"bucket": "b", "period": 0}}`:              "s3.period must be a whole number of seconds",
		`{"s3": {"bucket": "b", "period": 1.5}}`:            "s3.period must be a whole number of seconds",
		`{"s3": {"bucket": "b", "path": "clicks"}}`:         "s3.path must end with a slash",
		`{"s3": {"bucket": ["b"]}}`:                         "s3.bucket is neither a text nor a number",
		`{"s3": {"bucket": "b", "iam_role": "role"}}`:       "s3.iam_role must be the ARN of a role",
		`{"https": {"url": "http://log.example.com"}}`:      "https.url must be an https:// URL",
		`{"https": {"url": "https://u:p@log.example.com"}}`: "without a user's name and password",
		`{"https": {"url": "https://a.example"}, "https": {"url": ""}}`:     `it has "https" twice`,
		`{"s3": {"bucket": "a", "path": "bucket", "bucket": "b"}}`:          `it has "bucket" twice`,
		`{"kafka": {"brokers": "b", "topic": "t", "required_acks": "all"}}`: "kafka.required_acks must be one of 1, 0, -1",
	} {
		_, err := publish.ReadLog([]byte(file), lookup())
		require.ErrorContains(t, err, want, file)
	}
	_, err := publish.ReadLog([]byte(`{"kafka": {"brokers": "b", "topic": "t"}}`), lookup("CLICKEDGE_LOG_KAFKA_PASSWORD= "))
	require.ErrorContains(t, err, "CLICKEDGE_LOG_KAFKA_PASSWORD is set but empty")
}

// A log receiver refuses a credential with the newline of its file, and every
// line is lost. Only the text of a PEM block ends in one.
func TestALogSecretWithWhiteSpaceIsRefused(t *testing.T) {
	for _, value := range []string{"access\n", " access", "access\r"} {
		_, err := publish.ReadLog([]byte(`{"s3": {"bucket": "b"}}`), lookup("CLICKEDGE_LOG_S3_ACCESS_KEY="+value))
		require.ErrorContains(t, err, "CLICKEDGE_LOG_S3_ACCESS_KEY begins or ends in white space")
		require.NotContains(t, err.Error(), "access")
	}
	_, err := publish.ReadLog([]byte(`{"gcs": {"bucket": "b", "user": "u"}}`), lookup("CLICKEDGE_LOG_GCS_SECRET_KEY=-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n"))
	require.NoError(t, err)
}

// A misspelt variable would leave the target without its optional secret.
func TestAMisspeltLogVariableIsFound(t *testing.T) {
	require.Empty(t, publish.UnknownLogVariable([]string{"PATH=/bin", "CLICKEDGE_KEY_K1=x", "CLICKEDGE_LOG_S3_SECRET_KEY=x"}))
	for _, name := range []string{"CLICKEDGE_LOG_HTTP_HEADER_VALUE", "CLICKEDGE_LOG_S3_SECRET", "clickedge_log_s3_secret_key"} {
		require.Equal(t, name, publish.UnknownLogVariable(append(publish.LogVariables(), name+"=x")))
	}
}

// Some receivers expect their key in the URL's query.
func TestTheQueryOfALogURLIsNotShown(t *testing.T) {
	r := newRig(t)
	r.log(`{"https": {"url": "https://log.example.com/in?key=s3cr3t-1"}}`)
	require.Contains(t, lines(r.plan()), "url https://log.example.com/in?…")
	r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/service/*/version/1/logging/https", Status: 400, Echo: true})
	_, err := r.plan().Apply(t.Context(), r.client, func(string) {})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cr3t")
	r.publish()
	r.log(`{"https": {"url": "https://log.example.com/in?key=s3cr3t-2"}}`)
	require.Contains(t, lines(r.plan()), `url: "https://log.example.com/in?…", was "https://log.example.com/in?…"`)
	require.NotContains(t, lines(r.plan()), "s3cr3t")
}

// Fastly accepts a target without credentials and drops every line.
func TestALogTargetWithoutCredentialsIsRefused(t *testing.T) {
	r := newRig(t)
	r.log(`{"s3": {"bucket": "clicks"}}`)
	r.refused(`log target s3 needs "iam_role", or CLICKEDGE_LOG_S3_ACCESS_KEY and CLICKEDGE_LOG_S3_SECRET_KEY, and has none of it`)
	r.log(`{"s3": {"bucket": "clicks"}}`, "CLICKEDGE_LOG_S3_ACCESS_KEY=a")
	r.refused("and has access_key")
	r.log(`{"https": {"url": "https://log.example.com/", "header_name": "Authorization"}}`)
	r.refused(`log target https needs nothing, or "header_name" and CLICKEDGE_LOG_HTTPS_HEADER_VALUE, and has header_name`)
}

// A secret that is not given stays at the endpoint, unless another way of
// authenticating replaces it.
func TestALogSecretThatIsNotGivenStays(t *testing.T) {
	r := newRig(t)
	r.log(`{"s3": {"bucket": "clicks"}}`, "CLICKEDGE_LOG_S3_ACCESS_KEY=access", "CLICKEDGE_LOG_S3_SECRET_KEY=s3cr3t-value")
	service := r.publish().ServiceID
	r.log(`{"s3": {"bucket": "clicks", "period": 60}}`)
	require.Equal(t, "~ log endpoint \"clicks\" (s3): period: \"60\", was \"300\"\n", lines(r.plan()))
	r.publish()
	s3 := func(version int) *fastly.S3 {
		s, err := r.f.GetS3(t.Context(), &fastly.GetS3Input{ServiceID: service, ServiceVersion: version, Name: "clicks"})
		require.NoError(t, err)
		return s
	}
	require.Equal(t, "s3cr3t-value", *s3(2).SecretKey)
	r.log(`{"s3": {"bucket": "clicks", "iam_role": "arn:aws:iam::123456789012:role/fastly"}}`)
	r.publish()
	require.Nil(t, s3(3).SecretKey)
	require.Nil(t, s3(3).AccessKey)
}

func TestAnotherKindOfLogTargetTakesThePlace(t *testing.T) {
	r := newRig(t)
	r.log(`{"https": {"url": "https://log.example.com/"}}`)
	r.publish()
	r.log(`{"bigquery": {"project_id": "p", "dataset": "d", "table": "t", "account_name": "a"}}`)
	require.Contains(t, lines(r.plan()), `- log endpoint "clicks" (https): the click log goes to bigquery`)
	r.publish()
	require.True(t, r.plan().Empty())
}

// Neither a plan nor an error contains a secret, even if the API quotes what it
// was sent.
func TestLogSecretsAreNeverShown(t *testing.T) {
	r := newRig(t)
	const secret = "Bearer s3cr3t-value"
	file := `{"https": {"url": "https://log.example.com/", "header_name": "Authorization"}}`
	r.log(file, "CLICKEDGE_LOG_HTTPS_HEADER_VALUE="+secret)
	plan := r.plan()
	require.NotContains(t, lines(plan), "s3cr3t")
	r.api.Fail(fastlytest.Fault{Method: "POST", Path: "/service/*/version/1/logging/https", Status: 400, Echo: true})
	_, err := plan.Apply(t.Context(), r.client, func(string) {})
	require.ErrorContains(t, err, "[hidden]")
	require.NotContains(t, err.Error(), "s3cr3t")
	r.publish()
	r.log(file, "CLICKEDGE_LOG_HTTPS_HEADER_VALUE=Bearer another-s3cr3t")
	require.Equal(t, "~ log endpoint \"clicks\" (https): header_value: another secret than the one there\n", lines(r.plan()))
}
