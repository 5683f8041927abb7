package spool

import (
	"io/fs"
	"runtime"
)

// writableByOthers reports whether everybody can write to a folder. Windows has
// no such bits.
func writableByOthers(mode fs.FileMode) bool { return runtime.GOOS != "windows" && mode&0o002 != 0 }
