package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim"
)

// traceLine is one request as JSON. Times are in microseconds.
type traceLine struct {
	ID       uint64      `json:"id"`
	Sandbox  uint64      `json:"sandbox"`
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	Target   string      `json:"target"`
	Status   int         `json:"status"`
	Ending   string      `json:"ending"`
	Micros   int64       `json:"us"`
	Calls    []traceCall `json:"calls"`
	AllCalls int         `json:"all_calls"`
	Sent     []traceSent `json:"sent,omitempty"`
	Logs     []traceLog  `json:"logs,omitempty"`
}

type traceCall struct {
	Call    string `json:"call"`
	Args    string `json:"args,omitempty"`
	Status  string `json:"status"`
	Results string `json:"results,omitempty"`
	Micros  int64  `json:"us"`
}

type traceSent struct {
	Backend string `json:"backend"`
	Method  string `json:"method"`
	Target  string `json:"target"`
	Status  int    `json:"status,omitempty"`
	Error   string `json:"error,omitempty"`
}

type traceLog struct {
	Endpoint string `json:"endpoint"`
	Line     string `json:"line"`
}

func writeTrace(w io.Writer, format traceFormat, x *hostsim.Exchange) {
	if format == "json" {
		text, err := json.Marshal(traceOf(x))
		if err != nil {
			return // it has texts and numbers only
		}
		w.Write(append(text, '\n'))
		return
	}
	io.WriteString(w, traceText(x))
}

func traceOf(x *hostsim.Exchange) *traceLine {
	t := &traceLine{ID: x.ID, Sandbox: x.Sandbox, Method: x.Request.Method, Host: x.Request.Host, Target: x.Request.Target,
		Status: x.Response, Ending: x.Ending.String(), Micros: x.Duration.Microseconds(), Calls: []traceCall{}, AllCalls: x.CallCount}
	for _, c := range x.Calls {
		t.Calls = append(t.Calls, traceCall{callName(c), c.Args, c.Status.String(), c.Results, c.Duration.Microseconds()})
	}
	for _, s := range x.Sent {
		sent := traceSent{Backend: s.Backend, Method: s.Method, Target: s.Target, Status: s.Status}
		if s.Err != nil {
			sent.Error = s.Err.Error()
		}
		t.Sent = append(t.Sent, sent)
	}
	for _, l := range x.Logs {
		t.Logs = append(t.Logs, traceLog(l))
	}
	return t
}

func callName(c hostsim.Call) string { return strings.TrimPrefix(c.Module, "fastly_") + "." + c.Name }

// traceText is written at once, so that parallel requests do not mix.
func traceText(x *hostsim.Exchange) string {
	var b strings.Builder
	b.WriteString(requestLine(x))
	for _, c := range x.Calls {
		fmt.Fprintf(&b, "  %8s  %s(%s) %s", c.Duration.Round(time.Microsecond), callName(c), c.Args, c.Status)
		if c.Results != "" {
			b.WriteString("  " + c.Results)
		}
		b.WriteByte('\n')
	}
	if left := x.CallCount - len(x.Calls); left > 0 {
		fmt.Fprintf(&b, "  and %d more\n", left)
	}
	for _, s := range x.Sent {
		fmt.Fprintf(&b, "  sent to %s: %s %s: %d", s.Backend, s.Method, s.Target, s.Status)
		if s.Err != nil {
			fmt.Fprintf(&b, " (%v)", s.Err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// requestLine sums an exchange up.
func requestLine(x *hostsim.Exchange) string {
	return fmt.Sprintf("%d %s %s%s -> %d, %s, %s\n", x.ID, x.Request.Method, x.Request.Host, x.Request.Target, x.Response, x.Ending,
		x.Duration.Round(10*time.Microsecond))
}
