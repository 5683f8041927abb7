package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
)

const (
	sesTarget   = "/CL0/https:%2F%2Fshop.example.com%2Fa/1/0100019b940f7861-29ddc0a1-ab4d-4c31-a24b-741e2120d79f-000000/4HgTtSiVTwr7rn4VkjrgITLQ2NvgXHB3Hq9c7WGCQEI=439"
	sesOpen     = "/I0/0100019b940f7861-29ddc0a1-ab4d-4c31-a24b-741e2120d79f-000000/4HgTtSiVTwr7rn4VkjrgITLQ2NvgXHB3Hq9c7WGCQEI=439"
	sesDestined = "https://shop.example.com/a"
)

// failing is a site of SES, whose clicks are answered from the link where it
// fails.
func failing(redirect bool) *Site {
	origin := Origin{Backend: "ses", Family: esp.FamilySES, Address: "r.us-east-1.awstrack.me"}
	return &Site{Host: "link.example.com", ESP: "ses-us-east-1", Origin: &origin, FailRedirect: redirect, Destinations: []destination.Pattern{{Host: "shop.example.com"}}}
}

// What a status, or a failure, becomes.
func TestAfterAttempt(t *testing.T) {
	for _, c := range []struct {
		name, method, target string
		redirect             bool
		attempt              Attempt
		action               Action
		code                 outcome.Code
		status               int
		why                  Why
	}{
		{"an answer is passed on", "GET", sesTarget, true, Attempt{Code: outcome.OK, Status: 302}, Proxy, outcome.OK, 0, WhySetting},
		{"a bad link is the ESP's word", "GET", sesTarget, true, Attempt{Code: outcome.OK, Status: 404}, Proxy, outcome.OK, 0, WhySetting},
		{"5xx of a click", "GET", sesTarget, true, Attempt{Code: outcome.OK, Status: 503}, Redirect, outcome.ESPError, 0, WhyRead},
		{"429 of a click", "HEAD", sesTarget, true, Attempt{Code: outcome.OK, Status: 429}, Redirect, outcome.ESPError, 0, WhyRead},
		{"a page keeps the status", "GET", sesTarget, false, Attempt{Code: outcome.OK, Status: 503}, Refuse, outcome.ESPError, 503, WhySetting},
		{"whoever sends a POST reads the status", "POST", sesTarget, true, Attempt{Code: outcome.OK, Status: 503}, Proxy, outcome.OK, 0, WhySetting},
		{"nobody reads the page of an open", "GET", sesOpen, true, Attempt{Code: outcome.OK, Status: 503}, Proxy, outcome.OK, 0, WhyKind},
		{"no status", "GET", sesTarget, false, Attempt{Code: outcome.OK, Status: 999}, Refuse, outcome.ESPError, 0, WhySetting},
		{"no status, for a POST either", "POST", sesTarget, true, Attempt{Code: outcome.OK, Status: 101}, Refuse, outcome.ESPError, 0, WhyMethod},
		{"no answer", "GET", sesTarget, true, Attempt{Code: outcome.ESPTimeout}, Redirect, outcome.ESPTimeout, 0, WhyRead},
		{"no answer to a POST", "POST", sesTarget, true, Attempt{Code: outcome.ESPTLS}, Refuse, outcome.ESPTLS, 0, WhyMethod},
		{"no answer to an open", "GET", sesOpen, true, Attempt{Code: outcome.ESPUnreachable}, Refuse, outcome.ESPUnreachable, 0, WhyKind},
		{"the reader's own fault", "GET", sesTarget, true, Attempt{Code: outcome.IncompleteRequest}, Refuse, outcome.IncompleteRequest, 0, WhyNone},
		{"nothing was sent", "GET", sesTarget, true, Attempt{Code: outcome.Internal}, Redirect, outcome.Internal, 0, WhyRead},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, site := &Request{Method: c.method, Target: c.target}, failing(c.redirect)
			d := Decide(req, site, time.Time{})
			require.Equal(t, Proxy, d.Action)
			d.AfterAttempt(req, site, &c.attempt)
			require.Equal(t, []any{c.action, c.code, c.status, c.why}, []any{d.Action, d.Code, d.Status, d.Why})
			require.Equal(t, c.action == Redirect, d.Location == sesDestined)
		})
	}
}

func TestAfterAttemptAllocatesNothing(t *testing.T) {
	req, site, a := &Request{Method: "GET", Target: sesTarget}, failing(true), &Attempt{Code: outcome.OK, Status: 302}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		d := Decide(req, site, time.Time{})
		d.AfterAttempt(req, site, a)
	}))
}

// What may be sent twice: what was never seen, by GET or HEAD, without a body,
// in the reader's time.
func TestSecondFor(t *testing.T) {
	second := &Origin{Backend: "second"}
	site := &Site{SecondOrigin: second}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", ""} {
		want := second
		if method != "GET" && method != "HEAD" {
			want = nil
		}
		require.Equal(t, want, site.SecondFor(site.Origin, &Request{Method: method}), method)
		require.Nil(t, site.SecondFor(site.Origin, &Request{Method: method, HasBody: true}), method)
		require.Nil(t, (&Site{}).SecondFor(nil, &Request{Method: method}))
		require.Nil(t, site.SecondFor(&Origin{}, &Request{Method: method}), "another origin than the first")
	}
	unreached := &Attempt{Code: outcome.ESPUnreachable, Unreached: true}
	require.True(t, unreached.TryNext(time.Millisecond))
	require.False(t, unreached.TryNext(time.Millisecond-1))
	require.False(t, unreached.TryNext(-time.Second))
	require.False(t, (&Attempt{Code: outcome.ESPUnreachable}).TryNext(time.Second), "it may have had an effect")
	require.False(t, (&Attempt{Code: outcome.OK}).TryNext(time.Second))
}

func TestBlame(t *testing.T) {
	for _, c := range []struct {
		req   Request
		broke bool
		want  outcome.Code
	}{
		{Request{Method: "POST"}, true, outcome.IncompleteRequest},
		{Request{Method: "GET", HasBody: true}, true, outcome.IncompleteRequest},
		{Request{Method: "GET"}, true, outcome.ESPUnreachable},
		{Request{Method: "POST"}, false, outcome.ESPUnreachable},
	} {
		a := Attempt{Code: outcome.ESPUnreachable, BodyBroke: c.broke}
		a.Blame(&c.req)
		require.Equal(t, c.want, a.Code, c)
	}
}

func TestWithoutSites(t *testing.T) {
	req := &Request{Method: "GET", Target: "/x"}
	require.Equal(t, outcome.WrongHost, Decide(req, nil, time.Time{}).Code)
	req.NoSites = true
	require.Equal(t, outcome.NoSites, Decide(req, nil, time.Time{}).Code)
	require.Equal(t, outcome.NotFound, Decide(req, &Site{Host: "link.example.com"}, time.Time{}).Code, "a site of the config store")
	req.Target = HealthPath
	require.Equal(t, outcome.OK, Decide(req, nil, time.Time{}).Code)
}
