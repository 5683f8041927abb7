package check

import (
	"slices"
	"strings"
	"time"

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

// certificates are those of the sites' ESPs that are asked, each once.
func certificates(sites *core.Sites, now time.Time) (list []Certificate) {
	for _, host := range sites.Hosts() {
		for _, e := range sites.Lookup(host).ESPs() {
			if m := espdns.ManagedBy(e.ESP); m != nil && !e.IsRetired(now) {
				list = add(list, m, host)
			}
		}
	}
	return list
}

func add(list []Certificate, m *espdns.Managed, host string) []Certificate {
	i := slices.IndexFunc(list, func(n Certificate) bool { return n.ESP == m.ESP })
	if i < 0 {
		i, list = len(list), append(list, Certificate{ESP: m.ESP, First: strings.ReplaceAll(m.Advice(), "{host}", "HOST")})
	}
	if !slices.Contains(list[i].Hosts, host) {
		list[i].Hosts = append(list[i].Hosts, host)
	}
	return list
}
