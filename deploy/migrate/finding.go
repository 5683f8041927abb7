package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
)

// Kind says what a finding is about.
type Kind string

// The kinds of findings.
const (
	Wrong Kind = "wrong"       // a mistake in the old set-up that the move fixes
	Lost  Kind = "not carried" // something that sites.json cannot express
	Known Kind = "note"        // something to know
)

// Finding is a remark on one setting. Its code is stable.
type Finding struct {
	// At is "file:line" or a path into the JSON.
	At   string `json:"at"`
	Host string `json:"host,omitempty"` // the link domain, or several with ", " between; "" where it holds for all
	Kind Kind   `json:"kind"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// String returns the finding on one line.
func (n Finding) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", n.At, n.Kind, n.Text, n.Code)
}

// findings collects findings, each once.
type findings struct {
	list []Finding
	host string
}

func (n *findings) add(kind Kind, at, code, format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = clipTo(text, maxArgument)
		}
	}
	found := Finding{At: at, Host: n.host, Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(n.list, found) {
		n.list = append(n.list, found)
	}
}

func (n *findings) wrong(at, code, format string, args ...any) {
	n.add(Wrong, at, code, format, args...)
}
func (n *findings) lost(at, code, format string, args ...any) { n.add(Lost, at, code, format, args...) }
func (n *findings) known(at, code, format string, args ...any) {
	n.add(Known, at, code, format, args...)
}

// merge makes one finding of those that differ in the host only.
func (n *findings) merge() {
	var list []Finding
	at := map[Finding]int{}
	for _, found := range n.list {
		host := found.Host
		found.Host = ""
		if i, again := at[found]; again && host != "" && list[i].Host != "" {
			list[i].Host += ", " + host
			continue
		}
		at[found] = len(list)
		found.Host = host
		list = append(list, found)
	}
	n.list = list
}

// maxArgument is how much of a foreign text a finding quotes, in runes: the
// longest host name fits.
const maxArgument = 253

// clip shortens a foreign text.
func clip(s string) string { return clipTo(s, 80) }

func clipTo(s string, runes int) string {
	return clean.Cut(strings.ToValidUTF8(s, "\uFFFD"), runes)
}
