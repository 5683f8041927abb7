// Package clicklog reads the click log that the module writes (NDJSON, see
// core/spec/click-log.md) and counts in it: what the ESPs have missed, and
// which keys are in use.
//
// Start with [Lines], which gives the lines of a file one by one, and with
// [Missed] and [Keys], which count. Both read a line through one [Reader]: it
// says what a line of the log is, and counts a request once though the log has
// it twice. Logs are delivered at least once, and files overlap.
package clicklog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
)

const (
	what = "the click log"
	hint = `name a file of it, a folder of them, or "-" for standard input`
)

// Read gives every line of these files of the click log to take, which reads
// them with r; "-" is standard input. Of a folder, every file in it and below
// is read, but for hidden ones: collectors make a folder for each day. What gzip
// has packed is unpacked.
func Read(in *input.Input, names []string, r *Reader, take func(line []byte)) error {
	for _, name := range names {
		if err := readAll(in, name, take); err != nil {
			return err
		}
	}
	return r.Check()
}

func readAll(in *input.Input, name string, take func([]byte)) error {
	if info, err := os.Stat(name); name == files.Std || err != nil || !info.IsDir() {
		return readFile(in, name, take)
	}
	list, err := within(name)
	if err != nil {
		return input.Failure(what, err, hint)
	}
	for _, file := range list {
		if err := readFile(in, file, take); err != nil {
			return err
		}
	}
	return nil
}

// within lists the files in a folder and below.
func within(folder string) (list []string, err error) {
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != folder && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			list = append(list, name)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = &files.Error{Name: files.Label(folder), Problem: "is a folder without a file in it"}
	}
	return list, err
}

func readFile(in *input.Input, name string, take func([]byte)) error {
	r, err := in.Open(what, name, hint)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := Lines(r, take); err != nil {
		return input.Failure(what, err, hint)
	}
	return nil
}

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

// Line has the members of a line of the click log that are counted.
type Line struct {
	V       int          `json:"v"`
	Time    time.Time    `json:"time"`
	Request string       `json:"request"`
	Host    string       `json:"host"`
	ESP     string       `json:"esp"`
	Kind    string       `json:"kind"`
	Method  string       `json:"method"`
	Action  string       `json:"action"`
	Code    outcome.Code `json:"code"`
	// Destination is the host of the Location that the reader got.
	Destination string `json:"destination"`
	Reading     string `json:"reading"`
	Agrees      string `json:"agrees"`
	Missed      string `json:"missed"`
	Verdict     string `json:"verdict"`
	KID         string `json:"kid"`
	Exp         int64  `json:"exp"` // Unix seconds, 0 for never
}

// Reader reads lines one by one. The zero value has read none.
type Reader struct {
	Count  int       // lines of the click log, repeated ones included
	Others int       // lines that are not of it
	Begins time.Time // the earliest time of any line: how far the log goes back
	Ends   time.Time // the latest

	seen map[string]bool // ids of requests that were counted
}

// Parse reads one line; ok is false for one that is not of the click log.
func (r *Reader) Parse(text []byte) (l *Line, ok bool) {
	l = new(Line)
	if json.Unmarshal(text, l) != nil || l.V != clicklog.Version || l.Action == "" || l.Time.IsZero() {
		r.Others++
		return nil, false
	}
	r.Count++
	if r.Begins.IsZero() || l.Time.Before(r.Begins) {
		r.Begins = l.Time
	}
	r.Ends = later(r.Ends, l.Time)
	return l, true
}

// First reports whether a line is the first of its request. It remembers every
// id, so call it only for lines that count. A line without an id is always a
// first one.
func (r *Reader) First(l *Line) bool {
	if l.Request == "" {
		return true
	}
	if r.seen[l.Request] {
		return false
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[l.Request] = true
	return true
}

// Check returns an error if no line that was read is of the click log.
func (r *Reader) Check() error {
	if r.Count > 0 || r.Others == 0 {
		return nil
	}
	return failure.Bad(errors.New("not one line is of the click log"), "the module writes NDJSON to the log endpoint clicks: core/spec/click-log.md")
}
