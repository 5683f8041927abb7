package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
)

func planOf(t *testing.T, origins, faults []string) (*backendPlan, error) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "mailgun"}, "b.example.com": {"esp": "custom", "origin": "http://track.example.net"}}}`))
	require.NoError(t, err)
	s := &server{Options: Options{Origins: origins, Faults: faults}}
	return s.planBackends(sites)
}

func TestBackendsElsewhere(t *testing.T) {
	p, err := planOf(t, []string{"real", "mailgun=http://127.0.0.1:9000"}, nil)
	require.NoError(t, err)
	list := p.backends(nil)
	require.Equal(t, "http://127.0.0.1:9000", list["mailgun"].URL)
	require.Len(t, list, 2)
	for name, b := range list {
		if name != "mailgun" {
			require.Equal(t, "http://track.example.net", b.URL)
		}
	}
}

func TestBackendsRefused(t *testing.T) {
	for _, c := range []struct{ origin, fault, want string }{
		{"fake", "", `--origins "fake" is not stand-in, real or BACKEND=URL`},
		{"nobody=http://127.0.0.1:1", "", `--origins: no backend "nobody"`},
		{"mailgun=127.0.0.1:1", "", "is not the URL of a server"},
		{"mailgun=http://127.0.0.1:1/?x", "", "is not the URL of a server"},
		{"stand-in", "mailgun", `--fault "mailgun" is not BACKEND=FAULT`},
		{"stand-in", "nobody=500", `--fault: no backend "nobody"`},
		{"stand-in", "mailgun=sulk", "--fault mailgun: "},
		{"real", "mailgun=500", "only a stand-in can be made to fail"},
	} {
		var faults []string
		if c.fault != "" {
			faults = []string{c.fault}
		}
		_, err := planOf(t, []string{c.origin}, faults)
		require.ErrorContains(t, err, c.want, "%+v", c)
	}
}
