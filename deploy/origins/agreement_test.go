package origins

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Where core reads a sample's destination, it is that of the stand-in's answer,
// and the kind is the same.
func TestCoreReadsTheSamples(t *testing.T) {
	f := start(t, Options{})
	for _, spec := range every {
		for _, l := range f.Links(&core.Site{Host: branded, Origin: spec}) {
			t.Run(spec.Backend+"/"+l.Name, func(t *testing.T) {
				require.Equal(t, l.Kind, spec.Family.Kind(l.Target))
				to, reading := spec.Family.Destination(l.Target)
				require.Equal(t, l.Readable, reading != esp.Unread, l.Target)
				if l.Readable {
					require.Equal(t, l.Destination, location(to))
				}
			})
		}
	}
}

// FuzzAgreement: core may decline a link that the ESP reads, and repair one
// that the ESP refuses. But if both read a link and its destination is valid,
// both lead to the same place. A link for which SparkPost falls back to a fixed
// address counts as refused.
func FuzzAgreement(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Path)
	}
	for _, twice := range []string{
		"/CL0/https:%252F%252Fshop.example.com%252Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452",
		"/3s/shop.example.com%252Ffeed%253Fx%253D1/wmxJTyAN/Gc9Q/H5vxf8qJfE",
		"/f/a/EhISEhISEhISEhISEhISEg~~/AAAAARA~/CzBVep_E?target=https%253A%252F%252Fshop.example.com%252Fa",
	} {
		f.Add(twice)
	}
	fleet := &Fleet{opt: Options{Opaque: DefaultOpaque, AcceptAnySignature: true}, done: make(chan struct{})}
	f.Fuzz(func(t *testing.T, target string) {
		for _, spec := range every {
			to, reading := spec.Family.Destination(target)
			to, ok := destination.Sendable(to)
			if reading == esp.Unread || !ok {
				continue
			}
			o := &origin{spec: *spec, family: families[spec.Family], fleet: fleet}
			w := httptest.NewRecorder()
			o.family.serve(w, newRequest(o, Seen{Method: "GET", Target: target, Header: wire.Header{{Name: "Host", Value: branded}}}))
			if at := w.Header().Get("Location"); at != "" && at != DefaultOpaque {
				at, _ = destination.Sendable(at) // its scheme in lower case
				require.Equal(t, to, at, "%s: %q", spec.Backend, target)
			}
		}
	})
}
