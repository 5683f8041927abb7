package override

import (
	"encoding/json"
	"errors"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
)

// RoomWarnings warns of sites that nearly fill an entry of the config store, or
// do not fit: in a hurry there would be no override of them, and no recall.
// text is that of sites.json.
func RoomWarnings(sites *core.Sites, text []byte) (list []string) {
	if len(text) < nearlyFull { // no object of it is longer
		return nil
	}
	var file sitesText
	if json.Unmarshal(text, &file) != nil {
		return nil
	}
	for _, host := range sites.Hosts() {
		if len(file.Sites[host]) < nearlyFull {
			continue
		}
		o, err := Parse(file.Sites[host])
		if err != nil {
			continue
		}
		switch room := o.Room(); {
		case o.Size() > contract.MaxConfigEntry:
			list = append(list, host+": the site has no room in an entry of the config store, "+room+": no override and no recall within seconds, only by publishing")
		case room != "":
			list = append(list, host+": the site nearly fills an entry of the config store, "+room+": an override of it has little room for recalls")
		}
	}
	return list
}

// sitesText is a sites.json with each site's object as it stands.
type sitesText struct {
	Sites map[string]json.RawMessage `json:"sites"`
}

// OfSites returns the object of a host in the text of a sites.json that core
// has accepted; nil where it has none.
func OfSites(text []byte, host string) (*Object, error) {
	var file sitesText
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, failure.Bad(errors.New("internal error: sites.json cannot be read a second time"), "please report this")
	}
	raw, ok := file.Sites[host]
	if !ok {
		return nil, nil
	}
	return Parse(raw)
}
