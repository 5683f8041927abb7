// Package input reads what an operator names in flags and arguments, for one
// call of the command.
//
// Start with [Input.Read]. Standard input can be read once: [Input.Claim]
// refuses a second use. Every error is a failure of the call, with a hint.
package input

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/terminal"
)

// The most that is read of a file, in bytes. Logs are streamed and have no
// bound but that of a line.
const (
	MostModule   = 256 << 20 // Fastly takes 100 MB
	MostPackage  = 256 << 20
	MostManifest = 1 << 20
	MostSecret   = 64 << 10
	mostPEM      = 16 << 20
)

// Input is where one call of the command reads from.
type Input struct {
	Ctx   context.Context // Ctrl-C ends it, and every reading with it
	Stdin io.Reader
	Err   io.Writer // told that somebody has to type

	claimed string        // what standard input is read for; "" while it is not
	lines   *bufio.Reader // of standard input, for answers

	mu   sync.Mutex
	read map[string]bool // names of files that were read
}

// Read returns the whole of a file that a flag or an argument names, or of
// standard input for "-". What says for what, as in "the sites"; the hint is
// for a file that is not there.
func (in *Input) Read(what, name string, most int64, hint string) ([]byte, error) {
	if err := in.Claim(what, name); err != nil {
		return nil, err
	}
	text, err := files.Read(in.Ctx, name, in.Stdin, most)
	if err != nil {
		return nil, Failure(what, err, hint)
	}
	in.remember(name)
	return text, nil
}

func (in *Input) remember(name string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.read == nil {
		in.read = map[string]bool{}
	}
	in.read[name] = true
}

// Spare refuses a file to write that was read by this call: a result in its
// place would be the end of it. A device may be both.
func (in *Input) Spare(name, hint string) error {
	info, err := os.Stat(name)
	if name == files.Std || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for read := range in.read {
		if was, err := os.Stat(read); err == nil && os.SameFile(was, info) {
			return failure.Usage(fmt.Errorf("%s was read, and would be written over; nothing was written", files.Label(name)), hint)
		}
	}
	return nil
}

// ReadText is Read for what is text and never compressed.
func (in *Input) ReadText(what, name string, most int64, hint string) ([]byte, error) {
	text, err := in.Read(what, name, most, hint)
	if err == nil {
		if err = files.Unpacked(name, text); err != nil {
			return nil, Failure(what, err, hint)
		}
	}
	return text, err
}

// Open streams a log, unpacked where it is compressed.
func (in *Input) Open(what, name, hint string) (io.ReadCloser, error) {
	if err := in.Claim(what, name); err != nil {
		return nil, err
	}
	r, err := files.Open(in.Ctx, name, in.Stdin)
	if err != nil {
		return nil, Failure(what, err, hint)
	}
	in.remember(name)
	return r, nil
}

// Authorities reads certificate authorities; nil, for no name, stands for the
// system's.
func (in *Input) Authorities(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := in.Read("the certificate authorities", name, mostPEM, "name a PEM file")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, failure.Usage(fmt.Errorf("no certificate in %s", files.Label(name)), "a PEM file begins with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// Claim records for what standard input is read, and refuses to read it for a
// second thing, which would find it empty. Where somebody would have to type,
// it says so.
func (in *Input) Claim(what, name string) error {
	if name != files.Std {
		return nil
	}
	if in.claimed != "" {
		return failure.Usage(fmt.Errorf("standard input is asked for twice: for %s and for %s", in.claimed, what), `give "-" once, and a file for the other`)
	}
	in.claimed = what
	if terminal.Is(in.Stdin) {
		fmt.Fprintf(in.Err, "reading %s from this terminal; Ctrl-D ends it\n", what)
	}
	return nil
}

// Confirm asks a question and returns whether the answer is yes. No answer is a
// no. Standard input that was read for something else cannot answer; yes names
// the flag that answers in its place.
func (in *Input) Confirm(question, yes string) (bool, error) {
	if in.claimed != "" {
		return false, failure.Usage(fmt.Errorf("standard input had %s, so it cannot answer", in.claimed), "say "+yes)
	}
	answer, _ := in.Answer(question + " [y/N] ")
	switch strings.ToLower(answer) {
	case "y", "yes":
		return true, nil
	}
	fmt.Fprintln(in.Err)
	return false, nil
}

// mostAnswer is the most that is read of an answer, in bytes.
const mostAnswer = 64 << 10

// Answer asks a question and returns the line that was typed, without spaces
// around it. The error is io.EOF where input ends before anything was typed, or
// why the context ended.
func (in *Input) Answer(question string) (string, error) {
	if in.lines == nil {
		in.lines = bufio.NewReaderSize(files.Interruptible(in.Ctx, in.Stdin), mostAnswer)
	}
	fmt.Fprint(in.Err, question)
	line, err := in.lines.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return "", fmt.Errorf("an answer of more than %s", files.Size(mostAnswer))
	}
	text := strings.TrimSpace(string(line))
	if err == io.EOF && text != "" {
		err = nil
	}
	return text, err
}

// Failure is that of a file that cannot be read. The hint of the file's own
// error, where it has one, is better than that of the call.
func Failure(what string, err error, hint string) error {
	var e *files.Error
	if errors.As(err, &e) && e.Hint != "" {
		hint = e.Hint
	}
	return failure.Usage(fmt.Errorf("cannot read %s: %w", what, err), hint)
}

// Time reads the time of --now, which stands in for the clock; empty for the
// clock itself.
func Time(text string, clock func() time.Time) (time.Time, error) {
	if text == "" {
		return clock(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, failure.Usage(fmt.Errorf("--now %q is no time", text), "write it like 2030-01-31T12:00:00Z")
	}
	return at, nil
}
