//go:build prebuilt

package prebuilt

import _ "embed"

//go:embed guest.wasm
var guest []byte

//go:embed inspector.html
var inspector []byte
