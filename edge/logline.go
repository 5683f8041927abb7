package main

import (
	"os"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/rtlog"
)

// logEndpoint is the name of the log endpoint that takes the click log.
const logEndpoint = "clicks"

// note takes what the log line says of a decision.
func (x *exchange) note(d core.Decision) {
	x.record.Action, x.record.Code, x.record.Kind = d.Action, d.Code, d.Kind
	x.record.ID, x.record.KeyID, x.record.Expiry = d.ID, d.KeyID, d.Expiry
	if x.site != nil {
		x.record.ESP = x.site.ESP
	}
}

// log writes the line. The reader has gone by then: what fails here harms
// nobody, and the line goes to standard error, which holds nothing that the
// click log does not.
func (x *exchange) log() {
	if x.record.OriginStatus != 0 || x.record.OriginError != "" {
		x.record.VCPU = vcpu()
	}
	if x.record.Judged {
		x.record.Verdict = core.Judge(&x.signals)
	}
	line := x.record.AppendJSON(logLine[:0])
	if _, err := rtlog.Open(logEndpoint).Write(line); err != nil {
		_, _ = os.Stderr.Write(line)
	}
}

// logLine is room for a line; a longer one is put elsewhere.
var logLine [2 << 10]byte

// vcpu is the CPU time used so far in milliseconds, -1 where the platform does not
// say. A click that waits for nobody takes less than one, so it does not ask.
func vcpu() int64 {
	used, err := compute.GetVCPUTime()
	if err != nil {
		return -1
	}
	return used.Milliseconds()
}

func sinceMicros(start time.Time) int64 { return time.Since(start).Microseconds() }
