package origins

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Where core reads a sample, it reads what the stand-in answers, and it names the same kind.
func TestCoreReadsTheSamples(t *testing.T) {
	f := start(t, Options{})
	for _, spec := range every {
		for _, l := range f.Links(&core.Site{Host: branded, Origin: spec}) {
			t.Run(spec.Backend+"/"+l.Name, func(t *testing.T) {
				require.Equal(t, l.Kind, spec.Family.Kind(l.Target))
				destination, certain := spec.Family.Destination(l.Target)
				require.Equal(t, l.Readable, certain, l.Target)
				if certain {
					require.Equal(t, l.Destination, location(destination))
				}
			})
		}
	}
}

// FuzzAgreement: core may decline what the ESP reads, and mend what the ESP refuses, but where both
// read a link, and the grammar of destinations lets it pass, they lead to the same place. A link on
// which SparkPost falls back to a fixed address counts as refused.
func FuzzAgreement(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Path)
	}
	fleet := &Fleet{opt: Options{Opaque: DefaultOpaque, AcceptAnySignature: true}, done: make(chan struct{})}
	f.Fuzz(func(t *testing.T, target string) {
		for _, spec := range every {
			destination, certain := spec.Family.Destination(target)
			if _, ok := core.ParseDestination(destination); !certain || !ok {
				continue
			}
			o := &origin{spec: *spec, family: families[spec.Family], fleet: fleet}
			w := httptest.NewRecorder()
			o.family.serve(w, newRequest(o, Seen{Method: "GET", Target: target, Header: wire.Header{{Name: "Host", Value: branded}}}))
			if at := w.Header().Get("Location"); at != "" && at != DefaultOpaque {
				require.Equal(t, destination, at, "%s: %q", spec.Backend, target)
			}
		}
	})
}
