package abi

import "github.com/clickedge/clickedge/hostsim/internal/origin"

// backend finds a backend of the service or one that the guest registered; nil
// when there is none.
func (s *Sandbox) backend(name string) *origin.Backend {
	if b, ok := s.svc.Backends[name]; ok {
		return b
	}
	return s.dynamic[name]
}

// onBackend makes a host call about the backend named in arguments 0 and 1:
// inval when there is none.
func onBackend(call func(*frame, *origin.Backend)) hostCall {
	return func(f *frame) {
		name := f.text(0)
		if !f.ok() {
			return
		}
		if b := f.s.backend(name); b != nil {
			call(f, b)
		} else {
			f.fail(Inval)
		}
	}
}

// backendExists answers 0 for a name that cannot be read as well, as Viceroy
// does.
func backendExists(f *frame) {
	name := f.text(0)
	known := f.ok() && f.s.backend(name) != nil
	f.st = OK
	f.putBool(2, known)
}

func backendIsDynamic(f *frame) {
	name := f.text(0)
	if f.ok() && f.s.backend(name) == nil {
		f.fail(Inval)
	}
	f.putBool(2, f.s.dynamic[name] != nil)
}

func backendHealth(f *frame, b *origin.Backend) { f.put32(2, b.Health) }
func backendHost(f *frame, b *origin.Backend)   { f.fill(2, []byte(b.Name)) }
func backendPort(f *frame, b *origin.Backend)   { f.put16(2, b.Port) }
func backendIsSSL(f *frame, b *origin.Backend)  { f.putBool(2, b.Scheme == "https") }
func backendZero(f *frame, _ *origin.Backend)   { f.put32(2, 0) }

// backendUnknown is for timings and TLS versions, which Viceroy does not report
// either.
func backendUnknown(f *frame, _ *origin.Backend) { f.fail(Unsupported) }

func backendOverrideHost(f *frame, b *origin.Backend) {
	if b.Host == "" {
		f.fail(None)
	}
	f.fill(2, []byte(b.Host))
}
