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
	"slices"
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
		more, err := r.expand(name)
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
func (r *Reader) expand(name string) ([]string, error) {
	if info, err := os.Stat(name); name == files.Std || err != nil || !info.IsDir() {
		return []string{name}, nil
	}
	return r.within(name)
}

// within lists the files in a folder and below. A link to a folder is not
// followed, as it may lead back.
func (r *Reader) within(folder string) (list []string, err error) {
	root := folder + string(filepath.Separator) // so that it may be a link itself
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		if hidden := strings.HasPrefix(d.Name(), "."); d.IsDir() && hidden {
			r.leave(name, "hidden")
			return fs.SkipDir
		} else if d.IsDir() {
			return nil
		} else if hidden {
			r.leave(name, "hidden")
			return nil
		}
		switch info, err := os.Stat(name); {
		case err != nil:
			return err
		case info.IsDir():
			r.leave(name, "a link to a folder")
		case !info.Mode().IsRegular():
			r.leave(name, "no file")
		default:
			list = append(list, name)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = &files.Error{Name: files.Label(folder), Problem: "is a folder without a file in it"}
	}
	return list, err
}

// mostNamed is how many names a note has.
const mostNamed = 3

// names are some of those that there are.
type names struct {
	some []string
	n    int
}

func (l *names) add(text string) {
	if l.n++; len(l.some) < mostNamed {
		l.some = append(l.some, text)
	}
}

func (l *names) String() string {
	if more := l.n - len(l.some); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(l.some, ", "), more)
	}
	return output.And(l.some)
}

func (r *Reader) leave(name, why string) {
	r.unread.add(fmt.Sprintf("%s (%s)", files.Label(name), why))
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
	n, count, others := 0, r.Count, r.Others
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
	if r.Count == count && r.Others > others {
		r.strange.add(files.Label(at.File))
	}
	return nil
}

// MaxLine is the most bytes of a line of the click log. The module's lines have
// a few hundred.
const MaxLine = 64 << 10

// tooLong stands for a line that is.
var tooLong = []byte("too long")

// beginning is how every line of the log begins, in whatever version. No line
// has it once more: it has no object in it, and quotes in a text are escaped.
var beginning = []byte(`{"v":`)

// Lines calls take with each line of a text, without what collectors put before
// it. Longer lines than [MaxLine] are not of the click log.
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
		r.split(bytes.TrimSpace(line), err == nil, take)
		if err != nil {
			return nil
		}
	}
}

// split gives each of the lines that stand in one, as where a loss of power has
// cut the first, or files without a last line end were joined.
func (r *Reader) split(line []byte, ended bool, take func(line []byte)) {
	at := bytes.Index(line, beginning)
	if at < 0 {
		at = bytes.IndexByte(line, '{') // its members may be in another order
	}
	line = line[max(at, 0):]
	for len(line) > 0 {
		next := len(line)
		if at := bytes.Index(line[1:], beginning); at >= 0 {
			next = at + 1
		}
		r.unended = !ended && next == len(line)
		take(line[:next])
		line = line[next:]
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
	Reasons     string `json:"reasons"`
	ASN         int64  `json:"asn"` // 0 for none
	Network     string `json:"network"`
	MailHash    string `json:"mail_hash"`
	ReaderHash  string `json:"reader_hash"`
	LinkHash    string `json:"link_hash"`
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

// IsTrap reports whether the reasons of the verdict say that the link is a trap.
func (l *Line) IsTrap() bool {
	return l.IsClick() && slices.Contains(strings.Split(l.Reasons, ","), "trap")
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
	unread  names // what is in a folder and was not read
	strange names // files without a line of the log
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
	if r.Repeats > 0 {
		list = append(list, fmt.Sprintf("%s %s a request that was counted already", output.Count(r.Repeats, "line"), repeat(r.Repeats)))
	}
	if r.Others > 0 {
		list = append(list, fmt.Sprintf("%s passed over: %s", output.Count(r.Others, "line"), r.Passed))
	}
	if r.strange.n > 0 {
		list = append(list, "no line of the click log is in "+r.strange.String())
	}
	if r.unread.n > 0 {
		list = append(list, "not read: "+r.unread.String())
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

func repeat(n int) string {
	if n == 1 {
		return "repeats"
	}
	return "repeat"
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
	err := errNoLine
	if r.strange.n > 0 {
		err = fmt.Errorf("%w, in %s", errNoLine, &r.strange)
	}
	return failure.Bad(err, "the module writes NDJSON to the log endpoint clicks: core/spec/click-log.md")
}
