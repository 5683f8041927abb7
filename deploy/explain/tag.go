package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/signedlink"
)

// actionUnchecked is the action of a signed link whose tag could not be
// checked: only the service, which has the secret, can decide.
const actionUnchecked = "unchecked"

// uncheck replaces the outcome of a signed link without a secret, which is not
// what the edge does, by two: one if the tag is right, one if it is not.
func (x *Explanation) uncheck(req *core.Request, now time.Time) {
	path, query, asked := strings.Cut(req.Target, "?")
	link, _ := signed.Inspect(x.site.Host, path)
	x.Decision = Outcome{Action: actionUnchecked, Kind: x.Decision.Kind,
		Why: fmt.Sprintf("the tag was not checked, as no secret of key %q was given", link.KeyID)}
	secret := signedlink.OneSecret(keyring.NewKey(link.KeyID).Secret())
	wrong := *req
	wrong.Keys = secret
	x.IfWrong = x.outcomeFor(&wrong, now)
	// The link is signed again with a temporary secret, so that core decides
	// what a right tag leads to.
	url, err := signed.Mint(link, secret)
	if err != nil {
		return
	}
	right := wrong
	right.Target = strings.TrimPrefix(url, "https://"+x.site.Host)
	if asked {
		right.Target += "?" + query
	}
	x.IfRight = x.outcomeFor(&right, now)
}

func (x *Explanation) outcomeFor(req *core.Request, now time.Time) *Outcome {
	d := core.Decide(req, x.site, now)
	o := x.outcomeOf(d)
	if d.Recalled == "" {
		o.Why = x.why(d, true)
	}
	return &o
}
