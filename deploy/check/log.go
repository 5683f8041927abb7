package check

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/verdict"
)

// Log is what a site's lines in the click log have that others have not.
type Log struct {
	// Hashes is the id of the key whose secret the keyed hashes need.
	Hashes string `json:"hashes,omitempty"`
	// Verdict is "network" where the verdict goes by the network, too.
	Verdict string `json:"verdict,omitempty"`
	// NetworksUntil is the last day on which every row of the table of networks
	// counts.
	NetworksUntil string `json:"networks_until,omitempty"`
}

// LogOf returns what a site asks for; nil for nothing.
func LogOf(s *core.Site) *Log {
	if s.LogHashes == "" && !s.Network {
		return nil
	}
	l := &Log{Hashes: s.LogHashes}
	if s.Network {
		l.Verdict, l.NetworksUntil = "network", networksUntil().Format(time.DateOnly)
	}
	return l
}

func networksUntil() time.Time { return time.Unix(verdict.NetworksUntil()*24*60*60, 0).UTC() }

// Lines say it in words.
func (l *Log) Lines() (list []string) {
	if l == nil {
		return nil
	}
	if l.Hashes != "" {
		list = append(list, fmt.Sprintf("keyed hashes of mail, reader and link, with the secret %s (on Fastly in secret store %s)", l.Hashes, contract.SecretStore))
	}
	if l.Verdict != "" {
		list = append(list, "AS number, proxy, JA4 and HTTP/2 fingerprint, and a verdict by them; every row of the table of networks counts until "+l.NetworksUntil)
	}
	return list
}

// printLogs lists the sites whose lines have more than others.
func printLogs(out io.Writer, sites []Site) {
	if !slices.ContainsFunc(sites, func(s Site) bool { return s.Log != nil }) {
		return
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLICK LOG OF\tMORE IN ITS LINES")
	for _, s := range sites {
		for _, line := range s.Log.Lines() {
			fmt.Fprintf(w, "%s\t%s\n", s.Host, line)
		}
	}
	w.Flush()
}

// networkWarnings warn of a table of networks that is no longer whole.
func networkWarnings(s *core.Site, now time.Time) []string {
	if until := networksUntil(); s.Network && !now.Before(until.AddDate(0, 0, 1)) {
		return []string{fmt.Sprintf(`%s: "verdict": "network": since %s some rows of the table of networks count for nothing (network_stale): build the module with a newer clickedge`,
			s.Host, until.AddDate(0, 0, 1).Format(time.DateOnly))}
	}
	return nil
}

// hashKeyWarnings warn of a key that makes hashes here and signs links there:
// whoever mints links has its secret. signs has the hosts of a key's links.
func hashKeyWarnings(signs map[string][]string, s *core.Site) (list []string) {
	for _, host := range signs[s.LogHashes] {
		list = append(list, fmt.Sprintf(`%s: "log_hashes" is the key %s, which signs links of %s: whoever mints them has its secret, and can find out what a hash was made of; name a key of its own`,
			s.Host, s.LogHashes, host))
	}
	return list
}

// signers returns, for each key, the hosts whose links it signs.
func signers(sites *core.Sites) map[string][]string {
	signs := map[string][]string{}
	for _, host := range sites.Hosts() {
		for _, kid := range sites.Lookup(host).Keys {
			signs[kid] = append(signs[kid], host)
		}
	}
	return signs
}
