package version

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReleased(t *testing.T) {
	dated := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want Release
	}{
		"nothing stamped": {nil, Release{Version: "(devel)"}},
		"no version":      {&debug.BuildInfo{}, Release{Version: "(devel)"}},
		"a tag":           {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: dated}, Release{Version: "v1.2.3", Date: "2026-01-02"}},
		"no date":         {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, Release{Version: "v1.2.3"}},
	} {
		require.Equal(t, c.want, released(c.info), name)
	}
}

func TestLine(t *testing.T) {
	fields := strings.Fields(Line())
	require.Len(t, fields, 4)
	require.Equal(t, "clickedge", fields[0])
	require.Equal(t, runtime.Version(), fields[2])
	require.Equal(t, runtime.GOOS+"/"+runtime.GOARCH, fields[3])
}
