package handler

import (
	"os"

	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/rtlog"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/verdict"
)

// log writes the line of the click log, once. A line that the endpoint refuses
// goes to standard error.
func (x *exchange) log() {
	x.logged = true
	if x.record.OriginStatus != 0 || x.record.OriginError != "" {
		x.record.VCPU = vcpu()
	}
	if x.record.Judged {
		x.judge()
	}
	line := x.record.AppendJSON(nil)
	if n, err := rtlog.Open(contract.LogEndpoint).Write(line); err != nil || n != len(line) {
		_, _ = os.Stderr.Write(line)
	}
}

// judge makes the verdict. It reads text that anybody can send, so a panic is
// caught: a line without a verdict is better than a reader without an answer.
func (x *exchange) judge() {
	defer func() {
		if recover() != nil {
			x.record.Judged = false
			x.warn("internal error: a panic left the line without a verdict")
		}
	}()
	x.record.Verdict = verdict.Judge(&x.signals)
	if x.record.Late {
		x.askLate()
	}
	x.record.JudgeLink()
}

// vcpu returns the CPU time that the sandbox has used so far in milliseconds, -1
// if the platform does not say.
func vcpu() int64 {
	used, err := compute.GetVCPUTime()
	if err != nil {
		return -1
	}
	return used.Milliseconds()
}
