package main

import (
	"os"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// log writes the line of the click log, once. What fails here must not harm the
// reader, who as a rule has not been answered yet: a line that the endpoint
// does not take goes to standard error, which holds nothing that the log does
// not.
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

// judge makes the verdict, of text that anybody can send. A line without a
// verdict is better than a reader without an answer.
func (x *exchange) judge() {
	defer func() {
		if recover() != nil {
			x.record.Judged = false
			_, _ = os.Stderr.WriteString("internal error: a panic left the line without a verdict; request " + x.record.RequestID + "\n")
		}
	}()
	x.record.Verdict = verdict.Judge(&x.signals)
}

// vcpu returns the CPU time used so far in milliseconds, -1 where the platform
// does not say. It costs a host call, and a click that waits for nobody takes
// less than a millisecond.
func vcpu() int64 {
	used, st := hostcall.VCPUMillis()
	if st != hostcall.OK {
		return -1
	}
	return used
}
