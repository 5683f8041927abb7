package handler

import (
	"context"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
)

// Options are what a [Handler] may have beside its sites. The zero value works.
type Options struct {
	// Next answers the requests for hosts that are no link domain. They have no
	// line in the click log. Nil: a page says that the host is not known, as the
	// module's does.
	Next fsthttp.Handler
	// Archive has the learned links that are known from the start.
	Archive learned.Archive
}

// Handler answers requests on link domains. It must not be copied.
type Handler struct {
	sites *core.Sites
	opt   Options
	// served is how many requests this sandbox has had.
	served int
}

var _ fsthttp.Handler = (*Handler)(nil)

// New makes a handler of sites, as [sitesjson.Parse] returns them. It calls no
// function of the host, so a package variable may have the result, and a
// prewarmed module begins with it. Without sites, as after an error of Parse
// that was ignored, the handler refuses what it gets; what goes to Next instead
// has a warning on standard error.
func New(sites *core.Sites, opt Options) *Handler { return &Handler{sites: sites, opt: opt} }

// ServeHTTP implements [fsthttp.Handler]. It always answers, and writes one line
// to the click log, unless Next answers.
func (h *Handler) ServeHTTP(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	x := &exchange{h: h, ctx: ctx, w: w, in: r, start: time.Now()}
	h.served++
	if !x.serve() {
		h.opt.Next.ServeHTTP(ctx, w, r)
	}
}
