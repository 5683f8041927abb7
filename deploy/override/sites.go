package override

import (
	"encoding/json"
	"errors"

	"github.com/clickedge/clickedge/deploy/failure"
)

// OfSites returns the object of a host in the text of a sites.json that core
// has accepted; nil where it has none.
func OfSites(text []byte, host string) (*Object, error) {
	var file struct {
		Sites map[string]json.RawMessage `json:"sites"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, failure.Bad(errors.New("internal error: sites.json cannot be read a second time"), "please report this")
	}
	raw, ok := file.Sites[host]
	if !ok {
		return nil, nil
	}
	return Parse(raw)
}
