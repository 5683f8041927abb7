package abi

import "strings"

// reservedLog reports whether the platform keeps an endpoint name to itself.
func reservedLog(name string) bool {
	name = strings.ToLower(name)
	return name == "stdout" || name == "stderr" || strings.HasPrefix(name, "fst_managed_")
}

// logEndpointGet gives any name that is not reserved a handle, the same one
// each time: a local host does not know which endpoints a service has.
func logEndpointGet(f *frame) {
	name := f.copied(0)
	if f.ok() && reservedLog(name) {
		f.fail(Inval)
	}
	if !f.ok() {
		return
	}
	f.logFault(name, nil)
	for h, row := range f.s.logs.rows {
		if *row == name {
			f.put32(2, uint32(h))
			return
		}
	}
	if f.spend(handleCost + len(name)); f.ok() {
		f.put32(2, f.s.logs.add(&name))
	}
}

// logWrite logs a line without its line end. An empty line is accepted and not
// logged.
func logWrite(f *frame) {
	endpoint := rowAt(f, &f.s.logs, f.u32(0))
	line := []byte(f.copied(1))
	if !f.ok() {
		return
	}
	f.logFault(*endpoint, line)
	if f.spend(len(line)); !f.ok() {
		return
	}
	if trimmed := strings.TrimSuffix(string(line), "\n"); trimmed != "" {
		f.s.outside.Log(*endpoint, []byte(trimmed))
	}
	f.put32(3, uint32(len(line)))
}

// logFault fails the call when LogFault says so or, for a line that is written,
// when a fault strikes the endpoint. line is nil for endpoint_get.
func (f *frame) logFault(name string, line []byte) {
	if fault := f.s.svc.LogFault; fault != nil {
		f.fail(fault(name, line))
	}
	if line == nil || !f.ok() {
		return
	}
	if fault := f.s.outside.Fault(FaultLog, name); fault != nil {
		f.fail(fault.Status)
	}
}
