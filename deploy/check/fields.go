package check

import (
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core/sitesjson"
)

// Field is one field of a site, as check --fields --json has it.
type Field struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Doc     string `json:"doc"`
}

// Fields lists what may stand in a site.
func Fields() (list []Field) {
	for _, f := range sitesjson.Fields() {
		list = append(list, Field(f))
	}
	return list
}

// PrintFields writes the list for people.
func PrintFields(w io.Writer) {
	for _, f := range sitesjson.Fields() {
		fmt.Fprintf(w, "%s\n    %s", f.Name, f.Type)
		if f.Default != "" {
			fmt.Fprintf(w, ", by default %s", f.Default)
		}
		fmt.Fprintf(w, "\n    %s\n", f.Doc)
	}
}
