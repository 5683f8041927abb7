package explain

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// Where a learned link leads is said to be learned, whoever would have been
// asked, and never that the link says it.
func TestWhyOfLearnedLinks(t *testing.T) {
	g := loadGolden(t, "../../core/testdata/decide/learned.txtar")
	of := func(text string, known core.LearnedLinks) *Explanation {
		sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": `+text+`}}`))
		require.NoError(t, err)
		req := g.req
		req.Learned = known
		return Of(&req, sites.Lookup(g.host), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	}
	const retired = `{"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": true, "learn": true}], "destinations": ["shop.example.com"]}`
	const fails = `{"esp": "sendgrid", "learn": true, "when_esp_fails": "redirect", "destinations": ["shop.example.com"]}`

	x := of(retired, g.req.Learned)
	require.Equal(t, "redirect", x.Decision.Action)
	require.Equal(t, "sendgrid is retired and asked for nothing: it was learned where others were led from this link, and the list allows it", x.Decision.Why)
	x = of(retired, storedLinks(""))
	require.Equal(t, "refuse", x.Decision.Action)
	require.Contains(t, x.Decision.Why, "only the ESP can read this link, and as far as is known here, where others were led has not been learned")
	x = of(fails, g.req.Learned)
	require.Equal(t, `the site has "when_esp_fails": "redirect": it was learned where others were led from this link, and the list allows it`, x.IfFails.Why)
	x = of(fails, storedLinks(""))
	require.Contains(t, x.IfFails.Why, "where others were led has not been learned")

	looked := func(x *Explanation) bool {
		return !strings.Contains(strings.Join(x.Notes, "\n"), "what the service has learned of this one is not looked up here")
	}
	require.True(t, looked(x))
	require.False(t, looked(of(fails, nil)))
	require.False(t, looked(of(retired, nil)))
	require.True(t, looked(of(strings.Replace(fails, `"learn": true, `, "", 1), nil)))
}
