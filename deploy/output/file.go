package output

import (
	"io"
	"io/fs"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// File writes a file whole or not at all, or to stdout for "-".
func File(stdout io.Writer, name string, data []byte, mode fs.FileMode, hint string) error {
	if err := files.Put(name, data, mode, stdout); err != nil {
		return failure.Bad(err, hint)
	}
	return nil
}
