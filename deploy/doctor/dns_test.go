package doctor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// Customer.io's EU region was taken for the US by its name.
func TestRegionByName(t *testing.T) {
	for name, want := range map[string]string{"e-eu.customeriomail.com": "customerio-eu", "e.customeriomail.com": "customerio-us", "e-ap.customeriomail.com": ""} {
		x := &exam{report: &report.Report{}}
		require.Equal(t, name, x.readChain([]string{name, "d.sni.global.fastly.net"}))
		require.Equal(t, want, x.report.ESP, name)
	}
}
