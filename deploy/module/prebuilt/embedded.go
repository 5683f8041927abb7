//go:build prebuilt

package prebuilt

import _ "embed"

//go:embed guest.wasm
var guest []byte
