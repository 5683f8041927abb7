package hostsim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Writes says which arguments are addresses of results.
func TestHostCallWrites(t *testing.T) {
	for name, want := range map[string][]int{
		"fastly_http_req.uri_get":           {1, 3},    // handle, buffer and its size, number
		"fastly_http_req.header_values_get": {3, 6, 7}, // a name of two arguments comes before
		"fastly_log.write":                  {3},       // the line is read
		"fastly_cache.insert":               {4},       // options are read
		"fastly_kv_store.insert":            {6},       // and so is what is called a configuration
	} {
		var have []int
		for _, c := range HostCalls() {
			if c.Module+"."+c.Name != name {
				continue
			}
			for i := range c.Params {
				if c.Writes(i) {
					have = append(have, i)
				}
			}
		}
		require.Equal(t, want, have, name)
	}
}
