package clicklog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine is the most bytes of a line of the click log. The module's lines have
// a few hundred.
const MaxLine = 64 << 10

// Lines calls take with each line of r, from its first brace on, as collectors
// put a date before it. Longer lines than [MaxLine] are not of the click log.
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
