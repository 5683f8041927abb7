package header

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	for _, values := range [][]string{nil, {""}, {"a"}, {"a", "b"}, {"", "b"}, {"a, b", "", "c"}} {
		list := ""
		for _, v := range values {
			list += v + "\x00"
		}
		require.Equal(t, "x: "+strings.Join(values, ", "), string(AppendJoined([]byte("x: "), list)), "%q", values)
		var got []string
		for rest := list; rest != ""; {
			var value string
			value, rest = Next(rest)
			got = append(got, value)
		}
		require.Equal(t, values, got)
		want := ""
		for _, v := range values {
			if want = v; want != "" {
				break
			}
		}
		require.Equal(t, want, First(list), "%q", values)
	}
}
