// Package clicklog reads the click log that the module writes (NDJSON, see
// core/spec/click-log.md) and counts in it: what the ESPs have missed, and
// which keys are in use.
//
// Start with [Read], which gives the lines of files one by one, and with
// [Missed] and [Keys], which count, as deploy/clickreport does. All read a line
// through one [Reader]: it says what a line of the log is, which are left out
// by a [Filter], and counts a request once though the log has it twice. Logs
// are delivered at least once, and files overlap.
package clicklog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/output"
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
	var list []string
	for _, name := range names {
		more, err := expand(name)
		if err != nil {
			return input.Failure(what, err, hint)
		}
		list = append(list, more...)
	}
	for i, name := range list {
		if err := r.readFile(in, Progress{File: name, At: i + 1, Of: len(list)}, take); err != nil {
			return err
		}
	}
	return r.Check()
}

// expand lists the files that a name stands for.
func expand(name string) ([]string, error) {
	if info, err := os.Stat(name); name == files.Std || err != nil || !info.IsDir() {
		return []string{name}, nil
	}
	return within(name)
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

// Progress is how far reading has come.
type Progress struct {
	File   string
	At, Of int // the file's number, from 1, and how many there are
	Lines  int // of all files so far
}

// everyLines is how often progress is told.
const everyLines = 1 << 13

func (r *Reader) readFile(in *input.Input, at Progress, take func([]byte)) error {
	f, err := in.Open(what, at.File, hint)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	err = r.Lines(f, func(line []byte) {
		if n++; r.Watch != nil && n%everyLines == 1 {
			at.Lines = r.Count + r.Others
			r.Watch(at)
		}
		take(line)
	})
	if err != nil {
		return input.Failure(what, err, hint)
	}
	return nil
}

// MaxLine is the most bytes of a line of the click log. The module's lines have
// a few hundred.
const MaxLine = 64 << 10

// tooLong stands for a line that is.
var tooLong = []byte("too long")

// Lines calls take with each line of a text, from its first brace on, as
// collectors put a date before it. Longer lines than [MaxLine] are not of the
// click log.
func (r *Reader) Lines(text io.Reader, take func(line []byte)) error {
	b := bufio.NewReaderSize(text, MaxLine)
	for {
		line, err := b.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = b.ReadSlice('\n')
			line = tooLong
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		r.unended = err != nil
		if line = bytes.TrimSpace(line); len(line) > 0 {
			take(line[max(bytes.IndexByte(line, '{'), 0):])
		}
		if err != nil {
			return nil
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
	// OriginStatus is 0 where the ESP did not answer, or was not asked.
	OriginStatus int    `json:"origin_status"`
	OriginError  string `json:"origin_error"`
	// Micros is the time until the answer was about to leave, in microseconds.
	Micros int64 `json:"us"`
}

// IsClick reports whether it is a click or an app link.
func (l *Line) IsClick() bool {
	return l.Kind == esp.KindClick.String() || l.Kind == esp.KindApp.String()
}

// WasMissed reports whether the ESP has not counted the request, or perhaps not.
// Probes of its health are nobody's loss.
func (l *Line) WasMissed() bool {
	return l.Missed != "" && l.Kind != esp.KindHealth.String()
}

// Reader reads lines one by one. The zero value has read none.
type Reader struct {
	Only  Filter         // what is counted
	Watch func(Progress) // told from time to time how far [Read] has come; may be nil

	Count   int // lines of the click log, repeated ones included
	Others  int // lines that are not of it, or cannot be read
	Passed  Passed
	LeftOut int       // lines of the click log that Only does not take
	Repeats int       // lines of a request that was counted before
	Begins  time.Time // the earliest time of any line taken: how far the log goes back
	Ends    time.Time // the latest

	line    Line
	unended bool // the line is the last of its file and has no line end
	seen    seen
}

// Passed says what the lines are that were passed over.
type Passed struct {
	Version int `json:"other_version"` // of another version of the schema
	Cut     int `json:"cut"`           // the last of their file, and without their end
	Broken  int `json:"broken"`        // begin like a line of the log and are none
	Foreign int `json:"foreign"`       // of something else
}

// Parse reads one line; ok is false for one that is not of the click log, or
// that the filter leaves out. The line is valid until the next call.
func (r *Reader) Parse(text []byte) (l *Line, ok bool) {
	r.line = Line{}
	l = &r.line
	if err := json.Unmarshal(text, l); err != nil || l.V != clicklog.Version || l.Action == "" || !plausible(l.Time) {
		r.passOver(text, err)
		return nil, false
	}
	r.Count++
	if !r.Only.takes(l) {
		r.LeftOut++
		return nil, false
	}
	if r.Begins.IsZero() || l.Time.Before(r.Begins) {
		r.Begins = l.Time
	}
	r.Ends = later(r.Ends, l.Time)
	return l, true
}

// plausible reports whether a time can be written with a year of four digits in
// UTC, as the module writes it.
func plausible(t time.Time) bool {
	year := t.UTC().Year()
	return !t.IsZero() && year >= 1 && year <= 9999
}

// beginning is how every line of the log begins, in whatever version.
var beginning = []byte(`{"v":`)

func (r *Reader) passOver(text []byte, err error) {
	r.Others++
	syntax := new(json.SyntaxError)
	switch v := r.line.V; {
	case v != 0 && v != clicklog.Version:
		r.Passed.Version++
	case r.unended && text[0] == '{' && errors.As(err, &syntax):
		r.Passed.Cut++
	case v != 0, bytes.HasPrefix(text, beginning):
		r.Passed.Broken++
	default:
		r.Passed.Foreign++
	}
}

// First reports whether a line is the first of its request. It remembers ids,
// so call it only for lines that count. A line without an id is always a first
// one. See [Reader.Forgot] for its limit.
func (r *Reader) First(l *Line) bool {
	if l.Request == "" || r.seen.add(l.Request) {
		return true
	}
	r.Repeats++
	return false
}

// Forgot is how many requests are no longer remembered: a second line of one of
// them was counted again. At least the last three million are remembered.
func (r *Reader) Forgot() int { return r.seen.forgot }

// Notes says what was not counted, a sentence each.
func (r *Reader) Notes() (list []string) {
	if r.Others > 0 {
		list = append(list, fmt.Sprintf("%s passed over: %s", output.Count(r.Others, "line"), r.Passed))
	}
	if r.LeftOut > 0 {
		list = append(list, fmt.Sprintf("%s left out: only those %s count", output.Count(r.LeftOut, "line"), &r.Only))
	}
	if hosts := r.Only.missing(); len(hosts) > 0 {
		list = append(list, "no line has the host "+clean.Text(output.Or(hosts)))
	}
	if n := r.Forgot(); n > 0 {
		list = append(list, fmt.Sprintf("%d requests are no longer remembered: a line that repeats one from more than %d requests before counts again", n, remembered))
	}
	return list
}

// String lists what there is of each.
func (p Passed) String() string {
	var list []string
	for _, c := range []struct {
		n    int
		what string
	}{{p.Version, "of another version of the log"}, {p.Cut, "cut at the end of a file"}, {p.Broken, "broken"}, {p.Foreign, "not of the click log"}} {
		if c.n > 0 {
			list = append(list, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return output.And(list)
}

// Check returns an error if no line that was read is of the click log.
func (r *Reader) Check() error {
	if r.Count > 0 || r.Others == 0 {
		return nil
	}
	if r.Passed.Version == r.Others {
		return failure.Bad(errors.New("every line is of another version of the click log"), "a newer version of this command reads it; clickedge version says which this is")
	}
	return failure.Bad(errNoLine, "the module writes NDJSON to the log endpoint clicks: core/spec/click-log.md")
}
