package prewarm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// Which engine runs the guest is a matter of speed alone.
func TestEnginesAgree(t *testing.T) {
	ctx := context.Background()
	opt := prewarm.Options{Warmup: "warmup", Files: sites}
	interpreted, err := prewarm.ModuleOn(ctx, wazero.NewRuntimeConfigInterpreter(), guest(t, "probe"), opt)
	require.NoError(t, err)
	compiled, err := prewarm.ModuleOn(ctx, wazero.NewRuntimeConfig(), guest(t, "probe"), opt)
	require.NoError(t, err)
	require.True(t, string(interpreted) == string(compiled))
}

func TestLargeFiles(t *testing.T) {
	padding := strings.Repeat(" ", prewarm.CompilerPays)
	files := map[string][]byte{"sites/a.json": []byte(`{"link.example.com": "large"}` + padding)}
	s := &sandbox{}
	_, err := s.run(t, warm(t, "probe", prewarm.Options{Files: files}), "_start")
	require.NoError(t, err)
	require.Equal(t, "large 0 <nil> 0\n", s.stdout.String())
}
