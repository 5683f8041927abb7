// Package output writes the commands' results for people and programs: JSON
// documents, tables of facts, and lists and counts in a sentence.
package output

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// JSON writes one indented document. "<" and "&" are not escaped: they are
// frequent in links, and this is not HTML.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Count writes "1 mistake", "3 mistakes".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Some lists the first few of many, separated by commas.
func Some(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " and " + strconv.Itoa(len(list)-most) + " more"
}

// And joins words for a sentence: "a, b and c".
func And(list []string) string { return joined(list, " and ") }

// Or joins words for a sentence: "a, b or c".
func Or(list []string) string { return joined(list, " or ") }

func joined(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	n := len(list) - 1
	return strings.Join(list[:n], ", ") + last + list[n]
}

// Dash stands for nothing in a table.
func Dash(s string) string { return cmp.Or(s, "-") }

// File writes a file whole or not at all, or to stdout for "-".
func File(stdout io.Writer, name string, data []byte, mode fs.FileMode, hint string) error {
	if err := files.Put(name, data, mode, stdout); err != nil {
		return failure.Bad(err, hint)
	}
	return nil
}

// Facts writes headings at the margin and facts in two columns below.
type Facts struct{ W io.Writer }

// Heading begins a group of facts.
func (f Facts) Heading(text string) { fmt.Fprintf(f.W, "\n%s\n", text) }

// Row writes one fact. Control characters in values are escaped, so that a link
// cannot control a terminal.
func (f Facts) Row(name, value string) {
	fmt.Fprintf(f.W, "  %-17s  %s\n", clean.Text(name), clean.Text(value))
}
