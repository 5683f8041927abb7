package server

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/senderror"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// What a server writes counts as what its readers got: answered by the ESP,
// redirected from a link of the archive while another ESP is down, refused,
// recalled, retired, of no site; and a line that a loss of power has cut is
// said.
func TestLogIsCounted(t *testing.T) {
	r := newRunning(t, `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "destinations": ["shop.example.com"],
	  "also": [{"esp": "sendgrid", "when_esp_fails": "redirect", "learn": true}, {"esp": "mailgun", "retired": true}],
	  "recalls": [{"from": "https://shop.example.com/wrong", "gone": true}]}}}`)
	message := (&origins.SendGridAccount{Secret: "account"}).Message()
	known := message.Short("https://shop.example.com/a")
	link, ok := learned.Read("link.example.com", esp.FamilySendGrid, known)
	require.True(t, ok)
	var text strings.Builder
	require.NoError(t, archive.Write(&text, []learned.Item{{Name: link.Name, Entry: learned.KnownSince(60, "https://shop.example.com/a")}}))
	o := r.options()
	o.Log, o.Links, o.Archive = r.file("clicks"), r.file("links"), r.write("archive", text.String())
	leads := "https://shop.example.com/a?b=1"
	o.Origins = &esps{to: &order{}, answer: func(req *wire.Request) (*wire.Response, error) {
		if strings.HasPrefix(req.Target, "/CL0/") {
			return redirectTo(leads), nil
		}
		return nil, &senderror.Error{Tag: senderror.TagConnectionRefused}
	}}
	r.start(o)
	for _, c := range []struct {
		host, target string
		status       int
	}{
		{"link.example.com", known, 302},
		{"link.example.com", message.Short("https://shop.example.com/unknown"), 502},
		{"link.example.com", "/c/eJwAAA", 410},
		{"scan.example", "/", 421},
		{"link.example.com", sesClick, 302},
	} {
		status, _ := r.click(c.host, c.target)
		require.Equal(t, c.status, status, c.target)
	}
	leads = "https://shop.example.com/wrong"
	status, _ := r.click("link.example.com", sesClick)
	require.Equal(t, 410, status)
	r.click("link.example.com", sesClick)
	r.end()

	require.NoError(t, os.Truncate(o.Log, int64(len(r.read("clicks"))-30)))
	again := newRunning(t, uncounted)
	o2 := again.options()
	o2.Log = o.Log
	again.start(o2)
	again.click("link.example.com", sesClick)
	again.end()

	var c clickreport.Clicks
	require.NoError(t, clicklog.Read(&input.Input{Ctx: t.Context()}, []string{o.Log}, &c.Reader, c.Line))
	report := c.Report()
	require.Equal(t, clickreport.Counts{Requests: 7, Clicks: 6, Unknown: 6, Other: 1, Missed: 2, Certain: 2, Recovered: 1, Recalled: 1, Refused: 4}, report.Total)
	require.Equal(t, []string{"1 line passed over: 1 broken"}, report.Notes)
}
