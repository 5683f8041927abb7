package sitesfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/deploy/jsonedit"
)

// Empty is a sites.json without a site, for [Merge].
const Empty = "{\n  \"sites\": {\n  }\n}\n"

// Entry is a site as a sites.json has it.
type Entry struct {
	Host   string
	Object string // JSON, indented by two levels after its first line
}

// Merge adds sites to the text of a sites.json and changes nothing else in it.
// A host that is already there is an error, or with replace gets the new object.
// The text must be one that core accepts, or [Empty].
func Merge(text []byte, sites []Entry, replace bool) ([]byte, error) {
	there, err := sitesObject(text)
	if err != nil {
		return nil, err
	}
	byHost := make(map[string]jsonedit.Value, len(there.Members))
	for _, m := range there.Members {
		byHost[m.Name] = m.Value
	}
	var edits jsonedit.Edits
	var again []string
	last := len(bytes.TrimRight(text[:there.To-1], " \t\r\n"))
	comma := len(byHost) > 0
	for i := range sites {
		if at, ok := byHost[sites[i].Host]; ok {
			again = append(again, sites[i].Host)
			edits.Replace(at, sites[i].Object)
			continue
		}
		before := ""
		if comma {
			before = ","
		}
		edits.Insert(last, before+"\n    "+jsonedit.Quote(sites[i].Host)+": "+sites[i].Object)
		comma = true
	}
	if len(again) > 0 && !replace {
		return nil, fmt.Errorf("%s: in the file already", strings.Join(again, ", "))
	}
	return edits.Apply(text), nil
}

var errSites = errors.New(`there is no object "sites" in it`)

// sitesObject finds the sites of a sites.json.
func sitesObject(text []byte) (jsonedit.Object, error) {
	root, err := jsonedit.Root(text)
	if err != nil {
		return root, errSites
	}
	m, ok := root.Find("sites")
	if !ok {
		return root, errSites
	}
	sites, err := jsonedit.ObjectAt(text, m.From)
	if err != nil {
		return sites, errSites
	}
	return sites, nil
}
