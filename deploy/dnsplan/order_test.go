package dnsplan

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
)

const twoSites = `{"sites": {"a.example.com": {"esp": "mailgun"}, "b.example.com": {"esp": "sendgrid"}}}`

const outputs = `{
	"acme_challenges": {"a.example.com": [{"name": "_acme-challenge.a.example.com", "type": "CNAME", "value": "abc.fastly-validations.com"}]},
	"cname_targets": ["k.sni.global.fastly.net"],
	"certificate_authority": "lets-encrypt"}`

// order is one with the defaults of the flags, in a folder of its own with
// these outputs of Terraform.
func order(t *testing.T, terraform string) *Order {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sites.json", []byte(twoSites), 0o600))
	require.NoError(t, os.WriteFile("dns.json", []byte(terraform), 0o600))
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: io.Discard}
	return &Order{SitesFile: "sites.json", CDN: "fastly", Format: "text", In: in}
}

func TestOrderPlan(t *testing.T) {
	o := order(t, outputs)
	plan, err := o.Plan()
	require.NoError(t, err)
	require.Len(t, plan.Hosts, 2)
	require.Equal(t, FastlyTarget, plan.Target)
	require.False(t, o.SharedTarget(plan), "no reader is moved")

	o.Host, o.Terraform, o.CutOver = "A.example.com", "dns.json", true
	plan, err = o.Plan()
	require.NoError(t, err)
	require.Len(t, plan.Hosts, 1)
	require.Equal(t, "k.sni.global.fastly.net", plan.Target)
	require.Equal(t, "abc.fastly-validations.com", plan.Hosts[0].Records[0].Value)
	require.Contains(t, plan.Hosts[0].Records[1].Value, "letsencrypt.org")
	require.False(t, o.SharedTarget(plan))
}

// What a flag says goes before what Terraform says.
func TestOrderFlagsWin(t *testing.T) {
	o := order(t, outputs)
	o.Host, o.Terraform, o.CA, o.Target = "a.example.com", "dns.json", "globalsign", "n.sni.global.fastly.net"
	o.Challenges = []string{"a.example.com=new.fastly-validations.com"}
	plan, err := o.Plan()
	require.NoError(t, err)
	require.Equal(t, "n.sni.global.fastly.net", plan.Target)
	require.Equal(t, "new.fastly-validations.com", plan.Hosts[0].Records[0].Value)
	require.Contains(t, plan.Hosts[0].Records[1].Value, "globalsign.com")
}

// A cut-over to a target that nobody named is worth a warning.
func TestOrderSharedTarget(t *testing.T) {
	o := order(t, outputs)
	o.Host, o.CutOver, o.Challenges = "a.example.com", true, []string{"a.example.com=abc.fastly-validations.com"}
	plan, err := o.Plan()
	require.NoError(t, err)
	require.True(t, o.SharedTarget(plan))
	o.Target = FastlyTarget
	plan, err = o.Plan()
	require.NoError(t, err)
	require.False(t, o.SharedTarget(plan), "the operator named it")
}

func TestOrderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		set        func(*Order)
		exit       int
		what, hint string
	}{
		"sites":     {func(o *Order) { o.SitesFile = "none.json" }, failure.ExitUsage, "none.json", "--sites"},
		"host":      {func(o *Order) { o.Host = "c.example.com" }, failure.ExitBad, `no site "c.example.com" in sites.json`, "it has a.example.com, b.example.com"},
		"cdn":       {func(o *Order) { o.CDN = "akamai" }, failure.ExitUsage, `--cdn "akamai" is not known`, "fastly"},
		"ca":        {func(o *Order) { o.CA = "acme" }, failure.ExitUsage, `--ca "acme" is not known`, "one of certainly, globalsign, lets-encrypt"},
		"format":    {func(o *Order) { o.Format = "bind" }, failure.ExitUsage, `--format "bind" is not known`, "one of text, zone, json"},
		"target":    {func(o *Order) { o.Target = "sendgrid.net" }, failure.ExitUsage, `--target "sendgrid.net" is the ESP's`, FastlyTarget},
		"challenge": {func(o *Order) { o.Challenges = []string{"c.example.com=a.b"} }, failure.ExitUsage, `--challenge names "c.example.com"`, "it has"},
		"outputs":   {func(o *Order) { o.Terraform = "none.json" }, failure.ExitUsage, "none.json", "terraform output -json dns"},
		"cut-over":  {func(o *Order) { o.CutOver = true }, failure.ExitBad, "the proof of a.example.com, b.example.com is not known", "--challenge a.example.com=NAME"},
	} {
		o := order(t, outputs)
		c.set(o)
		_, err := o.Plan()
		require.ErrorContains(t, err, c.what, name)
		f := failure.Of(err)
		require.Equal(t, c.exit, f.Exit, name)
		require.Contains(t, f.Hint, c.hint, name)
	}
}

// Each kind of mistake in Terraform's outputs has a hint of its own.
func TestOrderTerraform(t *testing.T) {
	for text, want := range map[string][2]string{
		"{}":                                    {"dns.json: it is not what terraform output -json prints", "deploy/terraform/example"},
		`{"cname_targets": ["u.sendgrid.net"]}`: {`dns.json: cname_targets: "u.sendgrid.net" is the ESP's`, FastlyTarget},
		`{"acme_challenges": {"a.example.com": [{"name": "a b", "type": "CNAME", "value": "c.d"}]}}`: {"dns.json: challenge", "fastly-validations.com"},
	} {
		o := order(t, text)
		o.Terraform = "dns.json"
		_, err := o.Plan()
		require.ErrorContains(t, err, want[0])
		require.Equal(t, failure.ExitUsage, failure.Of(err).Exit)
		require.Contains(t, failure.Of(err).Hint, want[1])
	}
}

func TestPlanWrite(t *testing.T) {
	plan, err := order(t, outputs).Plan()
	require.NoError(t, err)
	for format, begin := range map[string]string{"json": "{\n", "zone": ";", "text": "a.example.com"} {
		var b strings.Builder
		require.NoError(t, plan.Write(&b, format))
		require.Contains(t, b.String(), begin, format)
		if format == "json" {
			require.True(t, strings.HasPrefix(b.String(), begin))
		}
	}
}
