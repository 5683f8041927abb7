package hostsim

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// wazero panics on a module whose function calls one that has a type that the
// module has not.
func TestModuleThatMakesTheEnginePanic(t *testing.T) {
	module := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x03\x02\x00\x0d\x0a\x09\x02\x04\x00\x10\x01\x0b\x02\x00\x0b")
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	_, err := compile(t.Context(), rt, module)
	require.ErrorContains(t, err, "the module is not valid; wazero: runtime error")
	_, err = New(t.Context(), module, Config{})
	require.ErrorContains(t, err, "a function has a type that the module has not")
}
