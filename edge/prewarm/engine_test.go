package prewarm_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// Large files are reason to compile the guest. Which engine runs it is a matter
// of speed alone.
func TestEnginesAgree(t *testing.T) {
	padding := strings.Repeat(" ", prewarm.CompilerPays)
	opt := prewarm.Options{Warmup: "warmup", Files: map[string][]byte{
		"sites/a.json": []byte(`{"link.example.com": "large"}` + padding),
	}}
	compiled := warm(t, "probe", opt)
	interpreted, err := prewarm.ModuleOn(context.Background(), wazero.NewRuntimeConfigInterpreter(), guest(t, "probe"), opt)
	require.NoError(t, err)
	require.True(t, bytes.Equal(interpreted, compiled))

	s := &sandbox{}
	_, err = s.run(t, compiled, "_start")
	require.NoError(t, err)
	require.Equal(t, "large 1 <nil> 0\n", s.stdout.String())
}
