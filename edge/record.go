package main

import (
	"os"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// log writes the line of the click log, once. A failure must not harm the
// reader, who usually has not been answered yet. A line that the endpoint
// refuses goes to standard error, which thus holds no more than the log.
func (x *exchange) log() {
	x.logged = true
	if x.record.OriginStatus != 0 || x.record.OriginError != "" {
		x.record.VCPU = vcpu()
	}
	if x.record.Judged {
		x.judge()
	}
	line := x.record.AppendJSON(x.buf.Free(x.lineRoom())[:0]) // allocated if it does not fit
	if hostcall.WriteLog(contract.LogEndpoint, line) != hostcall.OK {
		_, _ = os.Stderr.Write(line)
	}
}

// lineRoom is how long the line will be, as a rule and at most.
func (x *exchange) lineRoom() int {
	r := &x.record
	return 320 + len(r.RequestID) + len(r.Host) + len(r.Destination) + len(r.ID)
}

// judge makes the verdict. It reads text that anybody can send, so a panic is
// caught: a line without a verdict is better than a reader without an answer.
func (x *exchange) judge() {
	defer func() {
		if recover() != nil {
			x.record.Judged = false
			_, _ = os.Stderr.WriteString("internal error: a panic left the line without a verdict; request " + x.record.RequestID + "\n")
		}
	}()
	x.record.Verdict = verdict.Judge(&x.signals)
	if x.record.Late {
		x.askLate()
	}
	x.record.JudgeLink()
}

// vcpu returns the CPU time used so far in milliseconds, -1 if the platform
// does not say. It costs a host call, so it is called only if the ESP was
// asked: other clicks take less than a millisecond.
func vcpu() int64 {
	used, st := hostcall.VCPUMillis()
	if st != hostcall.OK {
		return -1
	}
	return used
}
