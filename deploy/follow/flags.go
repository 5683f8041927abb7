package follow

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/probe"
)

// FamilyOf is the family of a preset that --esp names; "" is none.
func FamilyOf(preset string) (esp.Family, error) {
	if preset == "" {
		return esp.FamilyCustom, nil
	}
	o, ok := core.LookupPreset(preset)
	if !ok {
		return esp.FamilyCustom, failure.Usage(fmt.Errorf("--esp: unknown preset %q", clean.Cut(preset, 60)), "deploy/docs/sites.md lists the presets; ses-<region> for SES")
	}
	return o.Family, nil
}

// Via reads --via, by host, and the address that the link was pasted with.
// Without a host it is for the host of the link alone: what a link leads to is
// elsewhere.
func Via(list []string, l *pasted.Link) (map[string]string, error) {
	via := map[string]string{}
	if l.Addr != "" {
		via[l.Host] = l.Addr
	}
	for _, text := range list {
		host, addr, found := strings.Cut(text, "=")
		switch {
		case !found:
			host, addr = l.Host, text
		case host == "*":
			host = ""
		default:
			host = strings.ToLower(host)
		}
		if err := probe.CheckAddr(addr); err != nil {
			return nil, failure.Usage(fmt.Errorf("--via: %w", err), "as in --via 127.0.0.1:8443 or --via www.example.com=127.0.0.1:8443")
		}
		via[host] = addr
	}
	return via, nil
}
