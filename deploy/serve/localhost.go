package serve

import (
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// throughLocalhost passes requests for link.example.com.localhost on as
// requests for link.example.com, as the module gets them on Fastly. A site that
// itself ends in .localhost is unchanged.
func throughLocalhost(sites *core.Sites, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, ok := withoutLocalhost(sites, r.Host); ok {
			r.Host = host
			header := wire.RawHeader(r)
			for i := range header {
				if strings.EqualFold(header[i].Name, "Host") {
					header[i].Value = host
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func withoutLocalhost(sites *core.Sites, host string) (string, bool) {
	branded, ok := strings.CutSuffix(core.CanonicalHost(host), pasted.LocalSuffix)
	return branded, ok && sites.Lookup(host) == nil && sites.Lookup(branded) != nil
}
