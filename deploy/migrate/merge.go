package migrate

import "github.com/clickedge/clickedge/deploy/sitesfile"

// Merge adds sites to the text of a sites.json, as [sitesfile.Merge] does.
func Merge(text []byte, sites []Site, replace bool) ([]byte, error) {
	entries := make([]sitesfile.Entry, len(sites))
	for i := range sites {
		entries[i] = sitesfile.Entry{Host: sites[i].Host, Object: string(sites[i].text())}
	}
	return sitesfile.Merge(text, entries, replace)
}
