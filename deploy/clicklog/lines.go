package clicklog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine bounds a line of the click log, in bytes. The module's have a few
// hundred.
const MaxLine = 64 << 10

// Lines gives take each line of r from its first brace on: collectors put a
// date before it. A line that is too long is not of the click log.
func Lines(r io.Reader, take func([]byte)) error {
	b := bufio.NewReaderSize(r, MaxLine)
	for {
		line, more, err := b.ReadLine()
		for ; more && err == nil; _, more, err = b.ReadLine() {
			line = []byte("too long")
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil && len(line) == 0 {
			return nil
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			take(line[max(bytes.IndexByte(line, '{'), 0):])
		}
	}
}
