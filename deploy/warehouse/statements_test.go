package warehouse

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The columns that Go code goes by are the members of the specification.
func TestColumns(t *testing.T) {
	for _, d := range dialects() {
		if d.name != DuckDB && d.name != Postgres {
			continue
		}
		var want []Column
		for _, m := range members(t) {
			want = append(want, Column{m.name, d.types[m.kind], m.always})
		}
		require.Equal(t, want, Columns(d.name))
		require.Equal(t, d.files(members(t))["schema.sql"], Schema(d.name))
		require.Equal(t, d.files(members(t))["load.sql"], Load(d.name))
	}
}
