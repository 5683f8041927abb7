package target

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPath(t *testing.T) {
	for target, want := range map[string]string{
		"": "", "/": "/", "/a/b": "/a/b", "/a?": "/a", "/a?b=/c?d": "/a", "?x": "",
		"/a%3Fb?c": "/a%3Fb", "/a#b": "/a#b", "/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v?utm_source=x": "/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v",
	} {
		require.Equal(t, want, Path(target), "%q", target)
	}
}

// All keeps order and repetition, skips empty parameters, and decodes nothing.
func TestAll(t *testing.T) {
	var got []Param
	for p := range Query("&b=2&a&&c=1=2&%61=+%20&b=&=x&").All {
		got = append(got, p)
	}
	require.Equal(t, []Param{{"b", "2"}, {"a", ""}, {"c", "1=2"}, {"%61", "+%20"}, {"b", ""}, {"", "x"}}, got)

	first := ""
	for p := range Query("a=1&b=2").All {
		first = p.Name
		break
	}
	require.Equal(t, "a", first, "a loop may end early")
}

func TestOnly(t *testing.T) {
	for _, c := range []struct {
		query Query
		want  string
		ok    bool
	}{
		{"p=1", "1", true},
		{"a=0&p=1=2&b", "1=2", true},
		{"p", "", true},
		{"p=", "", true},
		{"", "", false},
		{"P=1", "", false}, // letter case counts
		{"%70=1", "", false},
		{"p=1&p=2", "", false},
		{"p=1&p=1", "", false}, // also of the same value
		{"p=1&x&p", "", false},
	} {
		got, ok := c.query.Only("p")
		require.Equal(t, c.ok, ok, "%q", c.query)
		require.Equal(t, c.want, got, "%q", c.query)
	}
}

// What a click reads of its target allocates nothing.
func TestAllocations(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if p := Path("/to/k1.uaHR0cHM?a=b&p=1"); p != "/to/k1.uaHR0cHM" {
			panic(p)
		}
		if v, ok := Query("a=b&p=1").Only("p"); !ok || v != "1" {
			panic(v)
		}
	}))
}
