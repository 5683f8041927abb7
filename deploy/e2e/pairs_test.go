package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// pairFields has a site's fields for a preset of every family with links, and
// the backend.
var pairFields = map[string][2]string{
	"customerio": {`"esp": "customerio-eu"`, "customerio-eu"},
	"sendgrid":   {`"esp": "braze-sendgrid"`, "sendgrid"},
	"sparkpost":  {`"esp": "sparkpost-enterprise", "tenant": "acme"`, "sparkpost-enterprise-acme"},
	"ses":        {`"esp": "ses-eu-west-1"`, "ses-eu-west-1"},
	"mailgun":    {`"esp": "mailgun"`, "mailgun"},
	"iterable":   {`"esp": "iterable-eu"`, "iterable-eu"},
	"mandrill":   {`"esp": "mandrill", "origin": "https://mandrill.example.net"`, "custom-mandrill.example.net"},
	"mailjet":    {`"esp": "mailjet", "origin": "https://mailjet.example.net"`, "custom-mailjet.example.net"},
	"postmark":   {`"esp": "postmark", "origin": "https://postmark.example.net"`, "custom-postmark.example.net"},
}

// Through the module: of any two ESPs on a host, in both orders, the right one
// gets every link, byte for byte, and the log names it.
func TestEveryPairOfESPs(t *testing.T) {
	links := loadLinks(t)
	var list []string
	for a := range pairFields {
		for b := range pairFields {
			if a != b {
				list = append(list, fmt.Sprintf(`"%s-%s.example.com": {%s, "also": [{%s}]}`, a, b, pairFields[a][0], pairFields[b][0]))
			}
		}
	}
	r := newRig(t, `{"sites": {`+strings.Join(list, ",\n")+`}}`, nil)
	for a := range pairFields {
		for b := range pairFields {
			if a == b {
				continue
			}
			for _, l := range links {
				if l.ESP != a && l.ESP != b || l.Kind == esp.KindHealth.String() {
					continue
				}
				_, x := r.do(t, hostsim.Request{Method: "GET", Target: l.Path, Header: []wire.Field{{Name: "Host", Value: a + "-" + b + ".example.com"}}})
				require.Len(t, x.Sent, 1, l.Path)
				require.Equal(t, pairFields[l.ESP][1], x.Sent[0].Backend, "%s and %s: %s", a, b, l.Path)
				require.Equal(t, l.Path, x.Sent[0].Target)
				fields, _, _ := strings.Cut(strings.TrimPrefix(pairFields[l.ESP][0], `"esp": "`), `"`)
				require.Contains(t, clicks(x)[0], `"esp":"`+fields+`"`)
			}
		}
	}
}
