package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

// The paths of each preset's links are those of its links, however a
// configuration says them, and paths of a shop are not.
func TestPathsOfLinks(t *testing.T) {
	for _, o := range core.Presets() {
		for _, begin := range o.Family.Paths() {
			for _, p := range []paths{underPrefix(begin), underPrefix(begin[:len(begin)-1]), matching("^" + begin), wildcard(begin + "*"), wildcard(begin[1:] + "*"),
				vclPaths(`req.url ~ "^` + begin + `"`), vclPaths(`req.url.path == "/x" || (req.url ~ "^` + begin + `")`)} {
				require.True(t, p.linksOf(o.Family), "%s %s %v", o.Preset, begin, p.prefix)
			}
		}
		for _, p := range []paths{
			underPrefix("/shop/"), matching(`\.png$`), matching("("), wildcard("/images/*"), vclPaths(`req.url ~ "^/shop/"`),
			vclPaths(`req.url ~ "^/" && req.http.Cookie`), vclPaths(`!(req.url ~ "^/shop/")`), vclPaths(""), {},
		} {
			require.False(t, p.linksOf(o.Family), "%s %v", o.Preset, p.prefix)
		}
	}
}
