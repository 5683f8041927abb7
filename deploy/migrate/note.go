package migrate

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
)

// Kind says what a note is about.
type Kind string

// The kinds of notes.
const (
	Wrong Kind = "wrong"       // a mistake in the old set-up, which ends with the move
	Lost  Kind = "not carried" // something that sites.json does not say
	Known Kind = "note"        // something to know
)

// Note is one thing that was found. Its code is stable.
type Note struct {
	// At is "file:line" or a path into the JSON.
	At   string `json:"at"`
	Host string `json:"host,omitempty"` // the link domain, or several with ", " between; "" where it holds for all
	Kind Kind   `json:"kind"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// String returns the note on one line.
func (n Note) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", n.At, n.Kind, n.Text, n.Code)
}

// notes collects, each note once.
type notes struct {
	list []Note
	host string
}

func (n *notes) add(kind Kind, at, code, format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = clipTo(text, maxNoteArgument)
		}
	}
	note := Note{At: at, Host: n.host, Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
	for _, have := range n.list {
		if have == note {
			return
		}
	}
	n.list = append(n.list, note)
}

func (n *notes) wrong(at, code, format string, args ...any) { n.add(Wrong, at, code, format, args...) }
func (n *notes) lost(at, code, format string, args ...any)  { n.add(Lost, at, code, format, args...) }
func (n *notes) known(at, code, format string, args ...any) { n.add(Known, at, code, format, args...) }

// together makes one note of those that differ in the host alone.
func (n *notes) together() {
	var list []Note
	at := map[Note]int{}
	for _, note := range n.list {
		host := note.Host
		note.Host = ""
		if i, again := at[note]; again && host != "" && list[i].Host != "" {
			list[i].Host += ", " + host
			continue
		}
		at[note] = len(list)
		note.Host = host
		list = append(list, note)
	}
	n.list = list
}

// maxNoteArgument bounds what a note says of one foreign text, in runes: the
// longest host name fits.
const maxNoteArgument = 253

// clip shortens a foreign text.
func clip(s string) string { return clipTo(s, 80) }

func clipTo(s string, runes int) string {
	return clean.Cut(strings.ToValidUTF8(s, "\uFFFD"), runes)
}
