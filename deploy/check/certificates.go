package check

import (
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/espdns"
)

// Certificate describes an ESP that issues certificates itself, and what must
// be done before a CNAME moves.
type Certificate struct {
	ESP   string   `json:"esp"`
	Hosts []string `json:"hosts"`
	First string   `json:"first"`
}

// certificates are those of the sites' ESPs, each once.
func certificates(sites *core.Sites) (list []Certificate) {
	for _, host := range sites.Hosts() {
		m := espdns.ManagedBy(sites.Lookup(host).ESP)
		if m == nil {
			continue
		}
		i := slices.IndexFunc(list, func(n Certificate) bool { return n.ESP == m.ESP })
		if i < 0 {
			i, list = len(list), append(list, Certificate{ESP: m.ESP, First: strings.ReplaceAll(m.Advice(), "{host}", "HOST")})
		}
		list[i].Hosts = append(list[i].Hosts, host)
	}
	return list
}
