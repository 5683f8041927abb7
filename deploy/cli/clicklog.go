package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLogLine bounds a line of the click log, in bytes. The module's have a few
// hundred.
const maxLogLine = 64 << 10

// readLogs gives every line of these files to take; "-" is standard input.
func (env *Env) readLogs(names []string, take func(line []byte)) error {
	for _, name := range names {
		if err := env.readLog(name, take); err != nil {
			return usage(fmt.Errorf("cannot read the log: %w", err), `name a file of the click log, or "-" for standard input`)
		}
	}
	return nil
}

func (env *Env) readLog(name string, take func([]byte)) error {
	if name == "-" {
		return readLogLines(env.In, take)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return readLogLines(f, take)
}

// readLogLines gives each line from its first brace on: collectors put a date
// before it. A line that is too long is none of ours.
func readLogLines(r io.Reader, take func([]byte)) error {
	b := bufio.NewReaderSize(r, maxLogLine)
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
