package main

import (
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// note takes what the log line says of a decision.
func (x *exchange) note(d *core.Decision) {
	x.record.Action, x.record.Code, x.record.Kind = d.Action, d.Code, d.Kind
	x.record.Reading = d.Reading
	x.record.ID, x.record.KeyID, x.record.Expiry = d.ID, d.KeyID, d.Expiry
	if x.site != nil {
		x.record.ESP = x.site.ESP
	}
}

// log writes the line, once. What fails here must not harm the reader, who has not
// been answered as a rule: a line that the endpoint does not take goes to standard
// error, which holds nothing that the click log does not.
func (x *exchange) log() {
	x.logged = true
	if x.record.OriginStatus != 0 || x.record.OriginError != "" {
		x.record.VCPU = vcpu()
	}
	if x.record.Judged {
		x.judge()
	}
	line := x.record.AppendJSON(x.buf.Free()[:0]) // what does not fit is put elsewhere
	if hostcall.WriteLog(contract.LogEndpoint, line) != hostcall.OK {
		_, _ = os.Stderr.Write(line)
	}
}

// judge makes the verdict, of text that anybody can send. A line without one is
// better than a reader without an answer.
func (x *exchange) judge() {
	defer func() {
		if recover() != nil {
			x.record.Judged = false
			_, _ = os.Stderr.WriteString("internal error: a panic left the line without a verdict; request " + x.record.RequestID + "\n")
		}
	}()
	x.record.Verdict = verdict.Judge(&x.signals)
}

// vcpu is the CPU time used so far in milliseconds, -1 where the platform does not
// say. A click that waits for nobody takes less than one, so it does not ask.
func vcpu() int64 {
	used, st := hostcall.VCPUMillis()
	if st != hostcall.OK {
		return -1
	}
	return used
}
