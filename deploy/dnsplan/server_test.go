package dnsplan

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
)

// For every ESP, at the top of a zone too: a server has its addresses and
// nothing of a CDN's, no step waits for a proof, and nothing moves readers
// before --cut-over.
func TestServerRecords(t *testing.T) {
	server := []netip.Addr{netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("2001:db8::5")}
	for _, preset := range core.Presets() {
		more := ""
		switch {
		case preset.Address == "" && preset.Preset != core.PresetEnterprise:
			more = `, "origin": "https://track.example.net"`
		case preset.Preset == core.PresetEnterprise:
			more = `, "tenant": "acme"`
		}
		for _, host := range []string{"link.example.com", "example.com"} {
			sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"`+host+`": {"esp": "`+preset.Preset+`"`+more+`}}}`))
			require.NoError(t, err, preset.Preset)
			for _, cutOver := range []bool{false, true} {
				p := Make([]*core.Site{sites.Lookup(host)}, Options{Server: server, CutOver: cutOver, Now: time.Now()})
				require.NoError(t, p.CheckCutOver())
				requireServer(t, p, host, cutOver)
			}
		}
	}
}

func requireServer(t *testing.T, p *Plan, host string, cutOver bool) {
	t.Helper()
	var text, zone strings.Builder
	require.NoError(t, p.Text(&text))
	require.NoError(t, p.Zone(&zone))
	for _, printed := range []string{text.String(), zone.String()} {
		require.NotContains(t, strings.ToLower(printed), "fastly")
		require.NotContains(t, printed, "--via")
		require.NotContains(t, printed, "_acme-challenge")
		require.NotContains(t, printed, "top of a zone")
		require.Contains(t, printed, "--resolve")
		require.Contains(t, printed, `0 issue "letsencrypt.org"`)
	}
	for _, line := range []string{host + ". 300 IN A 203.0.113.5\n", host + ". 300 IN AAAA 2001:db8::5\n"} {
		require.Contains(t, zone.String(), line)
		require.Equal(t, cutOver, strings.Contains("\n"+zone.String(), "\n"+line))
	}
	require.NotContains(t, "\n"+zone.String(), "\n"+host+". 300 IN CAA", "which depends on what is there")
}

// A record takes an address, and one that readers can reach.
func TestServerAddress(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.5": "", "[2001:db8::5]": "", "::ffff:203.0.113.5": "", "10.0.0.1": "",
		"web.example.com": "is not an address", "": "is not an address", "fe80::1%eth0": "is not an address", "203.0.113.5:80": "is not an address",
		"127.0.0.1": "no address that readers can reach", "::1": "no address that readers", "0.0.0.0": "no address that readers", "::ffff:127.0.0.1": "no address that readers", "fe80::1": "no address that readers", "224.0.0.1": "no address that readers",
	} {
		o := Order{Servers: []string{text}}
		list, err := o.servers()
		if want == "" {
			require.NoError(t, err, text)
			require.False(t, list[0].Is4In6(), "a record is A for an IPv4 address")
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}

// What is a CDN's does not go with a server.
func TestServerOrRecordsOfACDN(t *testing.T) {
	for name, o := range map[string]Order{
		"--target": {Target: FastlyTarget}, "--ca": {CA: "certainly"}, "--terraform": {Terraform: "x"}, "--challenge": {Challenges: []string{"a=b"}},
	} {
		o.Servers = []string{"203.0.113.5"}
		_, err := o.servers()
		require.ErrorContains(t, err, name)
		require.True(t, failure.Is(err))
	}
	o := Order{Servers: []string{"203.0.113.5", "::ffff:203.0.113.5"}}
	list, err := o.servers()
	require.NoError(t, err)
	require.Len(t, list, 1, "one record for one address")
	o.Servers = []string{"web.example.com"}
	_, err = o.servers()
	require.ErrorContains(t, err, `--server "web.example.com" is not an address`)
}
