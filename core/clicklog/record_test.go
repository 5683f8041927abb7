package clicklog

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/loghash"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
)

func fullRecord() *Record {
	return &Record{
		Time: time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.FixedZone("", 3600)), RequestID: "r1", Host: "link.example.com",
		ESP: "customerio-eu", Kind: esp.KindClick, Method: "GET", Action: core.Redirect, Code: outcome.OK, Status: 302,
		Destination: "www.example.com", Reading: esp.Likely, ID: "aWQ", KeyID: "k1", Expiry: 29_000_000, OriginStatus: 302, OriginError: "connection_refused", Agrees: "no",
		SecondOrigin: "answered", Missed: "maybe", OriginDestination: "shop.example.com", Judged: true,
		Verdict: verdict.Verdict{Who: verdict.WhoBot, Reasons: verdict.ReasonNotAnalysed | verdict.ReasonKnownAgent, Agent: "Some\"Bot", Network: 1},
		Late:    true, Network: &verdict.Network{AS: 4294967295, ProxyType: "hosting", ProxyDescription: "cloud", JA4: "t13d1516h2_8daaf6152771_02713d6af862", H2: "1:65536|0|0|\"m"},
		Hashes:   &loghash.Hashes{Mail: 1, Reader: 0xfedcba9876543210, Link: 0xa5},
		Override: "used", Micros: 120, VCPU: 1, Version: "12",
	}
}

func TestRecord(t *testing.T) {
	want := `{"v":1,"time":"2026-03-01T11:00:00.007Z","request":"r1","host":"link.example.com","esp":"customerio-eu",` +
		`"kind":"click","method":"GET","action":"redirect","code":"ok","status":302,"destination":"www.example.com","reading":"likely","id":"aWQ","kid":"k1","exp":1740000000,` +
		`"origin_status":302,"origin_error":"connection_refused","second_origin":"answered","missed":"maybe","agrees":"no","origin_destination":"shop.example.com","vcpu_ms":1,` +
		`"verdict":"bot","reasons":"not_analysed,known_agent","agent":"Some\"Bot",` +
		`"asn":4294967295,"network":"` + verdict.NetworkName(1).String() + `","proxy":"hosting/cloud","ja4":"t13d1516h2_8daaf6152771_02713d6af862","h2":"1:65536|0|0|\"m","mail_hash":"0000000000000001","reader_hash":"fedcba9876543210","link_hash":"00000000000000a5","override":"used","us":120,"version":"12"}` + "\n"
	require.Equal(t, want, string(fullRecord().AppendJSON(nil)))
}

// What the platform does not say is left out, and what it says is cut and
// escaped.
func TestRecordOfANetwork(t *testing.T) {
	for _, c := range []struct {
		n    verdict.Network
		row  verdict.NetworkName
		want string
	}{
		{verdict.Network{Day: 20_000}, 0, ``},
		{verdict.Network{AS: 64496}, 0, `,"asn":64496`},
		{verdict.Network{AS: 8075}, 1, `,"asn":8075,"network":"` + verdict.NetworkName(1).String() + `"`},
		{verdict.Network{ProxyType: "hosting"}, 0, `,"proxy":"hosting/?"`},
		{verdict.Network{ProxyDescription: "tor-exit"}, 0, `,"proxy":"?/tor-exit"`},
		{verdict.Network{JA4: strings.Repeat("j", 65), H2: strings.Repeat("h", 129)}, 0, `,"ja4":"` + strings.Repeat("j", 64) + `","h2":"` + strings.Repeat("h", 128) + `"`},
		{verdict.Network{JA4: "\"\n\xff", H2: "</script>\x00"}, 0, `,"ja4":"\"\u000a` + "\ufffd" + `","h2":"</script>\u0000"`},
	} {
		bare := string((&Record{}).AppendJSON(nil))
		before, after, _ := strings.Cut(bare, `,"us":`)
		r := Record{Late: true, Network: &c.n, Verdict: verdict.Verdict{Network: c.row}}
		require.Equal(t, before+c.want+`,"us":`+after, string(r.AppendJSON(nil)))
	}
}

// A network is asked about on the day of the request, in UTC, and nothing that an
// earlier answer left behind stays.
func TestAskNetwork(t *testing.T) {
	n := verdict.Network{AS: 1, ProxyType: "vpn", JA4: "j", H2: "h"}
	r := Record{Time: time.Date(1970, 1, 3, 0, 30, 0, 0, time.FixedZone("", 3600))}
	r.AskNetwork(&n)
	require.Equal(t, verdict.Network{Day: 1}, n)
	require.Same(t, &n, r.Network)
}

// The specification's table and the lines must not drift apart.
func TestRecordHasTheMembersOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../spec/click-log.md")
	require.NoError(t, err)
	var full, zero map[string]any
	require.NoError(t, json.Unmarshal(fullRecord().AppendJSON(nil), &full))
	require.NoError(t, json.Unmarshal((&Record{}).AppendJSON(nil), &zero))
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (yes|no) \\|").FindAllStringSubmatch(string(spec), -1)
	require.Len(t, rows, len(full))
	for _, row := range rows {
		require.Contains(t, full, row[1])
		_, isNumber := full[row[1]].(float64)
		require.Equal(t, row[2] == "number", isNumber, row[1])
		require.Equal(t, row[3] == "yes", zero[row[1]] != nil, row[1])
	}
}

func FuzzRecordIsJSON(f *testing.F) {
	f.Add("link.example.com", "GET", "id")
	f.Add("a\"b\\c\n\x00\x7f\xff\u2028", "P\xc3", "\ud7ff")
	f.Fuzz(func(t *testing.T, host, method, id string) {
		line := (&Record{Host: host, Method: method, ID: id}).AppendJSON(nil)
		require.Equal(t, 1, strings.Count(string(line), "\n"))
		var got map[string]any
		require.NoError(t, json.Unmarshal(line, &got))
		if len(host) <= 255 {
			theirs, _ := json.Marshal(host)
			var want string
			require.NoError(t, json.Unmarshal(theirs, &want))
			require.Equal(t, want, got["host"])
		}
	})
}

func TestRecordAllocatesNothing(t *testing.T) {
	r, buf := fullRecord(), make([]byte, 0, 1024)
	require.Zero(t, testing.AllocsPerRun(100, func() { r.AppendJSON(buf) }))
}

// Times are formatted without package time's help, and must come out as it
// does.
func TestRecordTime(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(2000, 2, 29, 1, 2, 3, 4e6, time.UTC),
		time.Date(2100, 2, 28, 0, 0, 0, 0, time.UTC), time.Date(2100, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		require.Equal(t, at.UTC().Format("2006-01-02T15:04:05.000Z"), string(appendTime(nil, at)))
	}
	for day := range 146_097 * 2 {
		at := time.Date(1601, 1, 1, day%24, day%60, 7, 0, time.UTC).AddDate(0, 0, day)
		if got := string(appendTime(nil, at)); got != at.Format("2006-01-02T15:04:05.000Z") {
			require.Equal(t, at.Format(time.RFC3339), got)
		}
	}
}
