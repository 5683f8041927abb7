package output

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageWithHashes(t *testing.T) {
	// The hashes are those that "openssl dgst -sha256 -binary | base64" prints.
	const a, b = "'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='", "'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='"
	require.Equal(t, "style-src "+a+"; script-src "+b+"; <style>a</style><script>x</script><script>b</script>",
		PageWithHashes("style-src 'hash-style'; script-src 'hash-script'; <style>a</style><script>x</script><script>b</script>"))
	require.Equal(t, "style-src "+a+"; <style>a</style>", PageWithHashes("style-src 'hash-style'; <style>a</style>"))
}
