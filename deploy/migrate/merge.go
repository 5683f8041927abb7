package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// span is the place of a member's value in a text.
type span struct{ from, to int }

// Merge adds sites to the text of a sites.json and changes nothing else in it.
// A host that is already there is an error, or with replace gets the new object.
// The text must be one that core accepts.
func Merge(text []byte, sites []Site, replace bool) ([]byte, error) {
	members, end, err := siteSpans(text)
	if err != nil {
		return nil, err
	}
	type edit struct {
		span
		with []byte
	}
	var edits []edit
	var there []string
	var added []byte
	for i := range sites {
		object := sites[i].text()
		if at, ok := members[sites[i].Host]; ok {
			there, edits = append(there, sites[i].Host), append(edits, edit{at, object})
			continue
		}
		if len(members)+len(added) > 0 {
			added = append(added, ',')
		}
		host, _ := json.Marshal(sites[i].Host) // no string fails
		added = fmt.Appendf(added, "\n    %s: %s", host, object)
	}
	if len(there) > 0 && !replace {
		return nil, fmt.Errorf("%s: in the file already", strings.Join(there, ", "))
	}
	if added != nil {
		last := len(bytes.TrimRight(text[:end], " \t\r\n"))
		edits = append(edits, edit{span{last, last}, added})
	}
	// From the end, so that earlier places stay valid.
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	out := slices.Clone(text)
	for _, e := range edits {
		out = slices.Replace(out, e.from, e.to, e.with...)
	}
	return out, nil
}

var errSites = errors.New(`there is no object "sites" in it`)

// siteSpans finds the objects of the sites, and where the object around them
// ends.
func siteSpans(text []byte) (map[string]span, int, error) {
	bom := len(text) - len(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	dec := json.NewDecoder(bytes.NewReader(text[bom:]))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, 0, errSites
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, 0, err
		}
		if name == "sites" {
			return memberSpans(dec, bom)
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, errSites
}

func memberSpans(dec *json.Decoder, bom int) (map[string]span, int, error) {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, 0, errSites
	}
	members := map[string]span{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, 0, err
		}
		host, _ := name.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, 0, err
		}
		to := bom + int(dec.InputOffset())
		members[host] = span{to - len(value), to}
	}
	_, err := dec.Token()
	return members, bom + int(dec.InputOffset()) - 1, err
}
