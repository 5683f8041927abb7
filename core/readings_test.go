package core

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

// gradedLink is one entry of testdata/readings.json: a link that a version
// before read wrongly, or did not read.
type gradedLink struct{ ESP, Target, Reading, Location string }

func TestReadingsByGrade(t *testing.T) {
	data, err := os.ReadFile("testdata/readings.json")
	require.NoError(t, err)
	var links []gradedLink
	require.NoError(t, json.Unmarshal(data, &links))
	require.NotEmpty(t, links)
	for _, l := range links {
		t.Run(l.ESP+"/"+l.Reading, func(t *testing.T) {
			o, ok := LookupPreset(l.ESP)
			require.True(t, ok)
			to, g := o.Family.Destination(l.Target)
			require.Equal(t, l.Reading, g.String(), o.Family.Read(l.Target).Doubt)
			if g == esp.Unread {
				require.NotEmpty(t, o.Family.Read(l.Target).Doubt)
				return
			}
			sent, ok := destination.Sendable(to)
			require.True(t, ok)
			require.Equal(t, l.Location, sent)
			site := &Site{Host: "link.example.com", Origin: &o, ClickRedirect: true, FailRedirect: true, Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
			req := &Request{Method: "GET", Target: l.Target}
			d := Decide(req, site, time.Unix(0, 0))
			require.Equal(t, g == esp.Certain, d.Action == Redirect, "only what is certain is answered first")
			if d.Action == Proxy {
				d = AfterFailure(req, site, outcome.ESPTimeout)
			}
			require.Equal(t, Redirect, d.Action)
			require.Equal(t, l.Location, d.Location)
			require.Equal(t, g, d.Reading)
		})
	}
}
