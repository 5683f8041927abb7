package hostsimtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// WantStatus checks the status of the answer.
func (x *Exchange) WantStatus(status int) *Exchange {
	x.t.Helper()
	if x.Answer.Status != status {
		x.failf("status %d, want %d", x.Answer.Status, status)
	}
	return x
}

// WantHeader checks all values of a field of the answer; without values, that
// the field is not there.
func (x *Exchange) WantHeader(name string, values ...string) *Exchange {
	x.t.Helper()
	if problem := wantField(x.Answer.Header, name, values); problem != "" {
		x.failf("%s", problem)
	}
	return x
}

func wantField(header wire.Header, name string, values []string) string {
	if got := header.Values(name); !slices.Equal(got, values) {
		return fmt.Sprintf("%s: %q, want %q", name, got, values)
	}
	return ""
}

// WantBody checks the body of the answer.
func (x *Exchange) WantBody(body string) *Exchange {
	x.t.Helper()
	if string(x.Answer.Body) != body {
		x.failf("body %q, want %q", x.Answer.Body, body)
	}
	return x
}

// WantBodyContains checks that the body of the answer has a text.
func (x *Exchange) WantBodyContains(part string) *Exchange {
	x.t.Helper()
	if !strings.Contains(string(x.Answer.Body), part) {
		x.failf("body %q does not contain %q", x.Answer.Body, part)
	}
	return x
}

// WantLog checks all lines of a log endpoint; without lines, that there are
// none.
func (x *Exchange) WantLog(endpoint string, lines ...string) *Exchange {
	x.t.Helper()
	if got := x.logs(endpoint); !slices.Equal(got, lines) {
		x.failf("log endpoint %s has %q, want %q", endpoint, got, lines)
	}
	return x
}

// WantLogContains checks that a log endpoint has a line with a text.
func (x *Exchange) WantLogContains(endpoint, part string) *Exchange {
	x.t.Helper()
	got := x.logs(endpoint)
	if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, part) }) {
		x.failf("log endpoint %s has %q, none with %q", endpoint, got, part)
	}
	return x
}

func (x *Exchange) logs(endpoint string) (lines []string) {
	for _, l := range x.Logs {
		if l.Endpoint == endpoint {
			lines = append(lines, l.Line)
		}
	}
	return lines
}

// WantSent checks all requests to backends, in the order in which the program
// has sent them: "origin GET /path" for each.
func (x *Exchange) WantSent(requests ...string) *Exchange {
	x.t.Helper()
	var got []string
	for _, s := range x.Sent {
		got = append(got, fmt.Sprintf("%s %s %s", s.Backend, s.Method, s.Target))
	}
	if !slices.Equal(got, requests) {
		x.failf("sent %q, want %q", got, requests)
	}
	return x
}

// WantEnding checks how the program ended: "exited with code 0", as a rule.
func (x *Exchange) WantEnding(ending string) *Exchange {
	x.t.Helper()
	if got := x.Ending.String(); got != ending {
		x.failf("program %s, want %q", got, ending)
	}
	return x
}

// WantHeader checks all values of a field; without values, that the field is
// not there.
func (s *Sent) WantHeader(name string, values ...string) *Sent {
	s.x.t.Helper()
	if problem := wantField(s.Header, name, values); problem != "" {
		s.x.failf("sent to %s: %s", s.Backend, problem)
	}
	return s
}

// WantBody checks the body, up to its first megabyte.
func (s *Sent) WantBody(body string) *Sent {
	s.x.t.Helper()
	if string(s.Body) != body {
		s.x.failf("sent to %s: body %q, want %q", s.Backend, s.Body, body)
	}
	return s
}

// failf says what is wrong, and what is known besides.
func (x *Exchange) failf(format string, args ...any) {
	x.t.Helper()
	x.t.Errorf("%s: %s%s", x.title(), fmt.Sprintf(format, args...), x.circumstances())
}

func (x *Exchange) title() string { return x.Request.Method + " " + x.Request.Target }

// circumstances are the reasons that a failed check may have.
func (x *Exchange) circumstances() string {
	var b strings.Builder
	if !x.Ending.OK() {
		fmt.Fprintf(&b, "\nprogram %s: %s", x.Ending, x.Ending.Message)
	}
	for _, s := range x.Sent {
		if s.Err != nil {
			fmt.Fprintf(&b, "\nbackend %s: %v", s.Backend, s.Err)
		}
	}
	if len(x.Stderr) > 0 {
		fmt.Fprintf(&b, "\nstderr: %s", x.Stderr)
	}
	return b.String()
}

func (x *Exchange) sentText() string {
	var b strings.Builder
	for _, s := range x.Sent {
		fmt.Fprintf(&b, "\nsent to %s: %s %s", s.Backend, s.Method, s.Target)
	}
	return b.String()
}
