package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/pack"
)

// One reason is the error, several stand on lines of their own; a failure of
// the API says what readers have.
func TestFailure(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, Failure(ctx, nil))
	one := failure.Of(Failure(ctx, refuse("it is so", "do this")))
	require.Equal(t, failure.ExitBad, one.Exit)
	require.Equal(t, "it is so", one.Error())
	require.Equal(t, "do this", one.Hint)
	two := failure.Of(Failure(ctx, &Refusal{[]Reason{{"it is so\x1b", "do this"}, {"and so", "do that"}}}))
	require.Equal(t, "2 reasons not to publish, and nothing was changed", two.Error())
	require.Contains(t, two.Detail, "\n  hint: do this\nand so\n  hint: do that")
	require.NotContains(t, two.Detail, "\x1b")

	broken := &Unfinished{Err: &fastlyapi.Error{Method: "PUT", Path: "/x", Status: 403}, State: "readers have version 3"}
	f := failure.Of(Failure(ctx, fmt.Errorf("here: %w", broken)))
	require.Equal(t, failure.ExitBad, f.Exit)
	require.Equal(t, "PUT /x: 403 Forbidden; readers have version 3", f.Error())
	require.Contains(t, f.Hint, "scope global")
	other := &Unfinished{Err: errors.New("else"), State: "readers have version 3"}
	require.Equal(t, other.Hint(), failure.Of(Failure(ctx, other)).Hint)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	f = failure.Of(Failure(ended, broken))
	require.Equal(t, failure.ExitInterrupted, f.Exit)
	require.Equal(t, "interrupted; readers have version 3", f.Error())
}

func TestFoundLine(t *testing.T) {
	require.Equal(t, "no service of this name yet", (&Found{}).line())
	require.Equal(t, `service "clicks" (SU1), no version is active`, (&Found{ServiceID: "SU1", Name: "clicks"}).line())
	require.Equal(t, `service "clicks" (SU1), version 3 is active`, (&Found{ServiceID: "SU1", Name: "clicks", Active: 3}).line())
}

func lookup(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func inputIn(t *testing.T) *input.Input {
	t.Chdir(t.TempDir())
	return &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: io.Discard}
}

// The flag goes before the environment, and that before fastly.toml.
func TestServiceID(t *testing.T) {
	in := inputIn(t)
	none, env := lookup(nil), lookup(map[string]string{ServiceEnv: "of-the-environment"})
	for _, c := range []struct {
		toml, flag string
		lookup     func(string) (string, bool)
		want       string
	}{
		{"", "", none, ""},
		{"", "of-the-flag", env, "of-the-flag"},
		{"service_id = \"of-the-file\"\n", "", env, "of-the-environment"},
		{"service_id = \"of-the-file\"\n", "", none, "of-the-file"},
	} {
		if c.toml != "" {
			require.NoError(t, os.WriteFile(pack.TreeManifest, []byte(c.toml), 0o600))
		}
		got, err := ServiceID(in, c.flag, c.lookup)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	require.NoError(t, os.WriteFile(pack.TreeManifest, []byte("service_id = "), 0o600))
	_, err := ServiceID(in, "", none)
	require.ErrorContains(t, err, "fastly.toml: ")
	require.Equal(t, "name the service with --service-id", failure.Of(err).Hint)
}

func TestReadLogFile(t *testing.T) {
	in := inputIn(t)
	require.NoError(t, os.WriteFile("log.json", []byte(`{"s3": {"bucket": "clicks", "iam_role": "arn:aws:iam::123456789012:role/clicks"}}`), 0o600))
	to, err := ReadLogFile(in, "log.json", lookup(nil), nil)
	require.NoError(t, err)
	require.NotNil(t, to)
	_, err = ReadLogFile(in, "log.json", lookup(nil), func() []string { return []string{"CLICKEDGE_LOG_S3_SECRET=x"} })
	require.ErrorContains(t, err, "no log target reads the environment variable CLICKEDGE_LOG_S3_SECRET")
	require.Contains(t, failure.Of(err).Hint, "CLICKEDGE_LOG_S3_SECRET_KEY")
	_, err = ReadLogFile(in, "none.json", lookup(nil), nil)
	require.ErrorContains(t, err, "cannot read the log target")
	require.NoError(t, os.WriteFile("log.json", []byte(`{"none": {}}`), 0o600))
	_, err = ReadLogFile(in, "log.json", lookup(nil), nil)
	require.ErrorContains(t, err, "log.json: ")
}

// A host whose certificate is there needs no record; what the API says of the
// others must be fit for DNS.
func TestPlanDNS(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "sendgrid"}, "b.example.com": {"esp": "sendgrid"}}}`))
	require.NoError(t, err)
	p := &Plan{w: &Wanted{Sites: sites, TLS: &TLS{Authority: "certainly"}}, f: &Found{}}
	issued := Status{Host: "a.example.com", Certificate: Certificate{ID: "1", State: "issued"}}
	var b strings.Builder
	require.NoError(t, p.DNS(&b, []Status{issued}))
	require.Empty(t, b.String())
	open := Status{Host: "b.example.com", Certificate: Certificate{ID: "2", State: "pending", Challenges: []Challenge{
		{Type: "CNAME", Value: "abc.fastly-validations.com"}, {Type: "CNAME", Value: "evil value\n@ IN A 192.0.2.1"}, {Type: "TXT", Value: "def.fastly-validations.com"},
	}}}
	require.NoError(t, p.DNS(&b, []Status{issued, open}))
	require.Contains(t, b.String(), "\n1 host has no certificate yet. What DNS needs, as clickedge dns has it:\n")
	require.Contains(t, b.String(), "abc.fastly-validations.com")
	require.NotContains(t, b.String(), "192.0.2.1")
	require.NotContains(t, b.String(), "def.fastly-validations.com")
	require.NotContains(t, b.String(), "a.example.com")
}
