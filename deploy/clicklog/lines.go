package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLogLine bounds a line of the click log, in bytes. The module's have a few
// hundred.
const maxLogLine = 64 << 10

// readLogs gives every line of these files to take; "-" is standard input. What
// gzip has packed is unpacked.
func (env *Env) readLogs(names []string, take func(line []byte)) error {
	for _, name := range names {
		if err := env.readLog(name, take); err != nil {
			return err
		}
	}
	return nil
}

func (env *Env) readLog(name string, take func([]byte)) error {
	const what, hint = "the click log", `name a file of it, or "-" for standard input`
	r, err := env.open(what, name, hint)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := readLogLines(r, take); err != nil {
		return readFailure(what, err, hint)
	}
	return nil
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
