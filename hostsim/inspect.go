package hostsim

import (
	"net/netip"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Inspection is a request that a guest lets the web application firewall
// inspect. Its body is not part of it.
type Inspection struct {
	Corp, Workspace string
	ClientIP        netip.Addr // the one that the guest gives, or the client's
	Method, URL     string
	Header          wire.Header
}

// Verdict is what the web application firewall says of a request. The zero value
// allows it.
type Verdict struct {
	Block bool
	// Name replaces "allow" or "block", for example by "unauthorized".
	Name string
	// Status is what the request should be answered with; default 200, or 406
	// with Block.
	Status   int
	Redirect string // URL
	Tags     []string
	Took     time.Duration
}

// inspect is Config.Inspect for the ABI; nil when it is not set.
func (c *Config) inspect() func(*abi.Inspection) abi.Verdict {
	if c.Inspect == nil {
		return nil
	}
	return func(i *abi.Inspection) abi.Verdict { return c.Inspect(Inspection(*i)).forGuest() }
}

func (v Verdict) forGuest() abi.Verdict {
	out := abi.Verdict{Status: 200, Redirect: v.Redirect, Tags: []string{}, Verdict: "allow", Decision: v.Took.Milliseconds()}
	if v.Block {
		out.Status, out.Verdict = 406, "block"
	}
	if v.Name != "" {
		out.Verdict = v.Name
	}
	if v.Status != 0 {
		out.Status = v.Status
	}
	out.Tags = append(out.Tags, v.Tags...)
	return out
}
