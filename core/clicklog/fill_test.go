package clicklog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

var site = &core.Site{Host: "link.example.com", ESP: "ses-us-east-1"}

// values writes values as a field has them here.
func values(list ...string) (text string) {
	for _, v := range list {
		text += v + "\x00"
	}
	return text
}

// What the log says of an attempt.
func TestRecordAttempted(t *testing.T) {
	for _, c := range []struct {
		a      core.Attempt
		missed string
		error  string
		status int
	}{
		{core.Attempt{Code: outcome.OK, Status: 302}, "", "", 302},
		{core.Attempt{Code: outcome.OK, Status: 404}, "", "", 404},
		{core.Attempt{Code: outcome.OK, Status: 503}, "maybe", "", 503},
		{core.Attempt{Code: outcome.OK, Status: 101}, "maybe", "", 101},
		{core.Attempt{Code: outcome.ESPTimeout, Reason: "no_answer_in_time"}, "maybe", "no_answer_in_time", 0},
		{core.Attempt{Code: outcome.ESPUnreachable, Reason: "connection_refused", Unreached: true}, "yes", "connection_refused", 0},
		{core.Attempt{Code: outcome.IncompleteRequest, Reason: "http_user"}, "", "", 0},
		{core.Attempt{Code: outcome.Internal, Reason: "header_error"}, "", "header_error", 0},
	} {
		var r Record
		r.Attempted(&c.a)
		require.Equal(t, []any{c.missed, c.error, c.status}, []any{r.Missed, r.OriginError, r.OriginStatus}, c)
	}
	first := core.Attempt{Code: outcome.ESPUnreachable, Reason: "connection_refused", Unreached: true}
	for _, c := range []struct {
		second       core.Attempt
		what, missed string
	}{
		{core.Attempt{Code: outcome.OK, Status: 302}, "answered", ""},
		{core.Attempt{Code: outcome.OK, Status: 500}, "answered", "maybe"},
		{core.Attempt{Code: outcome.ESPTimeout, Reason: "no_answer_in_time"}, "no_answer_in_time", "maybe"},
		{core.Attempt{Code: outcome.ESPUnreachable, Reason: "dns_error", Unreached: true}, "dns_error", "yes"},
	} {
		var r Record
		r.Attempted(&first)
		r.AttemptedSecond(&first, &c.second)
		require.Equal(t, []string{"connection_refused", c.what, c.missed}, []string{r.OriginError, r.SecondOrigin, r.Missed}, c)
	}
}

// Who is judged: whoever opens something.
func TestRecordDecided(t *testing.T) {
	for kind, want := range map[esp.Kind]bool{esp.KindClick: true, esp.KindApp: true, esp.KindOpen: true, esp.KindUnsubscribe: false, esp.KindHealth: false, esp.KindOther: false} {
		var r Record
		r.Decided(&core.Decision{Action: core.Proxy, Code: outcome.OK, Kind: kind}, site)
		require.Equal(t, want, r.Judged, kind)
		require.Equal(t, "ses-us-east-1", r.ESP)
		r = Record{}
		r.Decided(&core.Decision{Code: outcome.WrongHost}, nil)
		require.Empty(t, r.ESP)
	}
}

// A recalled click is compared by what its link says: the ESP that leads there
// agrees.
func TestRecordCompareRecalled(t *testing.T) {
	d := &core.Decision{Location: "https://www.example.com/", Recalled: "https://shop.example.com/a"}
	r := Record{Destination: "www.example.com", RequestID: "id7"}
	require.Empty(t, r.Compare(d, 302, values("https://shop.example.com/a"), true, site))
	require.Equal(t, "yes", r.Agrees)
	warning := r.Compare(d, 302, values("https://shop.example.com/b"), true, site)
	require.Equal(t, "the ESP disagrees: the link, which is recalled, was read as one to shop.example.com, "+
		"the ESP leads to another page of shop.example.com; site link.example.com, esp ses-us-east-1, request id7", warning)
	warning = r.Compare(d, 302, values("https://www.example.com/"), true, site)
	require.Contains(t, warning, "the ESP leads to www.example.com; site")
}

func TestRecordCompare(t *testing.T) {
	for locations, want := range map[string][2]string{
		values("https://shop.example.com/a"):       {"yes", ""},
		values("", "https://shop.example.com/a"):   {"yes", ""},
		values("https://shop.example.com/b?u=ann"): {"no", "another page of shop.example.com; site"},
		values("https://ann:x@evil.example/"):      {"no", "the ESP leads to evil.example; site"},
		values("mailto:ann@example.com"):           {"no", "what is no web page"},
		"":                                         {"", ""},
	} {
		r := Record{Destination: "shop.example.com", RequestID: "id7"}
		warning := r.Compare(&core.Decision{Location: "https://shop.example.com/a"}, 302, locations, true, site)
		require.Equal(t, want[0], r.Agrees, "%q", locations)
		require.Equal(t, want[0] == "no", warning != "", "an alarm, or none")
		require.Contains(t, warning, want[1])
		require.NotContains(t, warning, "ann@")
		require.NotContains(t, warning, "u=ann")
		if warning != "" {
			require.Contains(t, warning, "site link.example.com, esp ses-us-east-1, request id7")
		}
	}
}
