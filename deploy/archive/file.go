package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/output"
)

// line is one line of the file, a JSON object.
type line struct {
	Name  string    `json:"name"`
	State string    `json:"state"` // known or contradictory
	Since time.Time `json:"since"`
	// Destination is that of a known name.
	Destination string `json:"destination,omitempty"`
}

// Write writes items as lines, sorted by name. The same items give the same
// bytes.
func Write(w io.Writer, items []learned.Item) error {
	sorted := slices.SortedFunc(slices.Values(items), func(a, b learned.Item) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, i := range sorted {
		l := line{i.Name.String(), i.State.String(), time.Unix(i.Since, 0).UTC(), i.Destination}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// mostFile is the most bytes of a file that is read.
const mostFile = 64 << 20

// Load reads the file of an archive.
func Load(in *input.Input, name string) ([]learned.Item, error) {
	data, err := in.ReadText("the archive", name, mostFile, "clickedge archive export writes one")
	if err != nil {
		return nil, err
	}
	items, err := Read(data)
	if err != nil {
		return nil, failure.Bad(fmt.Errorf("%s: %w", name, err), "nothing of it was used; clickedge archive export writes it anew")
	}
	return items, nil
}

// LoadIfThere is [Load] for a file that need not be there.
func LoadIfThere(in *input.Input, name string) ([]learned.Item, error) {
	if _, err := os.Stat(name); name == files.Std || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return Load(in, name)
}

// Add adds items to an archive, and says how many of them were new. Of a name
// that leads elsewhere the result is contradictory.
func Add(items, more []learned.Item) (all []learned.Item, added int) {
	at := map[learned.Name]int{}
	for i, item := range items {
		at[item.Name] = i
	}
	all = slices.Clone(items)
	for _, item := range more {
		if i, ok := at[item.Name]; ok {
			all[i].Entry = learned.Merge(all[i].Entry, item.Entry)
			continue
		}
		at[item.Name] = len(all)
		all = append(all, item)
		added++
	}
	return all, added
}

// Error is a line that cannot be read.
type Error struct {
	Line int
	Err  error
}

// Error returns the line's number and what is wrong with it.
func (e *Error) Error() string { return "line " + strconv.Itoa(e.Line) + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the line.
func (e *Error) Unwrap() error { return e.Err }

// Read reads lines. A line that is damaged, or says of a name what another line
// does, is an error of type [*Error]: an archive is whole or none.
func Read(data []byte) (items []learned.Item, err error) {
	seen, n := map[learned.Name]int{}, 0
	for text := range bytes.Lines(data) {
		n++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		item, err := readLine(text)
		if err == nil && seen[item.Name] != 0 {
			err = fmt.Errorf("the name is in line %d already", seen[item.Name])
		}
		if err != nil {
			return nil, &Error{n, err}
		}
		seen[item.Name] = n
		items = append(items, item)
	}
	return items, nil
}

func readLine(text []byte) (item learned.Item, err error) {
	l, err := members(text)
	if err != nil {
		return item, err
	}
	since, err := time.Parse(time.RFC3339, l["since"])
	if err != nil {
		return item, err
	}
	name, ok := learned.ParseName(l["name"])
	e := learned.KnownSince(since.Unix(), l["destination"])
	switch {
	case !ok:
		return item, fmt.Errorf("%.100q is not the name of a link", l["name"])
	case l["state"] == learned.Contradictory.String() && l["destination"] == "":
		e = learned.Entry{State: learned.Contradictory, Since: since.Unix()}
	case l["state"] != learned.Known.String():
		return item, fmt.Errorf("the state %.100q is neither known, with a destination, nor contradictory, without", l["state"])
	case !learned.IsDestination(l["destination"]):
		return item, fmt.Errorf("the destination %.100q is not a URL that every browser reads the same way, of at most %d bytes", l["destination"], learned.MaxDestination)
	}
	if !e.Valid() {
		return item, fmt.Errorf("the date %s is before 1970", l["since"])
	}
	return learned.Item{Name: name, Entry: e}, nil
}

// members reads an object of texts. Each name stands there once and is exactly
// one of a line's: encoding/json would take the last of two, in any letter case.
func members(text []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, cmp.Or(ended(err), errors.New("not a JSON object"))
	}
	list := map[string]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, ended(err)
		}
		value, err := d.Token()
		if err != nil {
			return nil, ended(err)
		}
		key, _ := name.(string) // nothing else is a name
		text, ok := value.(string)
		switch _, double := list[key]; {
		case !slices.Contains(lineNames, key):
			return nil, fmt.Errorf("unknown field %.100q", key)
		case double:
			return nil, fmt.Errorf("the field %q is there twice", key)
		case !ok:
			return nil, fmt.Errorf("the field %q is not a text", key)
		}
		list[key] = text
	}
	if _, err := d.Token(); err != nil {
		return nil, ended(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one object")
	}
	return list, nil
}

// lineNames are the names of a line's members.
var lineNames = []string{"name", "state", "since", "destination"}

// ended says of a line that is cut off that it is.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the line is cut off")
	}
	return err
}

// Hosts counts the links that are known by the host that they lead to.
func Hosts(items []learned.Item) map[string]int {
	hosts := map[string]int{}
	for _, i := range items {
		if d, ok := destination.Parse(i.Destination); ok {
			hosts[d.Host]++
		}
	}
	return hosts
}

// Summary says how many links lead to which host, and how many are
// contradictory.
func Summary(items []learned.Item) string {
	hosts, contradictory := Hosts(items), len(items)
	var parts []string
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		parts = append(parts, fmt.Sprintf("%d to %s", hosts[host], host))
		contradictory -= hosts[host]
	}
	text := output.Count(len(items)-contradictory, "learned link")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if contradictory > 0 {
		text += fmt.Sprintf("; %d with two destinations, which are not used", contradictory)
	}
	return text
}
