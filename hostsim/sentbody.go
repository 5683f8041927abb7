package hostsim

import (
	"io"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// keepBody copies what is sent of a request's body into its BackendRequest, up
// to the limit.
func (r *recorder) keepBody(at int, req *wire.Request) {
	if r.bodies > 0 && req.Body != nil {
		req.Body = &keptBody{body: req.Body, rec: r, at: at}
	}
}

type keptBody struct {
	body io.Reader
	rec  *recorder
	at   int
}

func (k *keptBody) Read(p []byte) (int, error) {
	n, err := k.body.Read(p)
	r := k.rec
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.sealed {
		sent := &r.x.Sent[k.at]
		sent.Body = append(sent.Body, p[:min(n, r.bodies-len(sent.Body))]...)
		sent.BodySize += int64(n)
	}
	return n, err
}

// Close closes the body, if it can be closed.
func (k *keptBody) Close() error {
	if c, ok := k.body.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Here reports whether the whole body is in memory; see wire.Request.
func (k *keptBody) Here() bool {
	b, ok := k.body.(interface{ Here() bool })
	return ok && b.Here()
}

// seal ends the recording: an exchange that is handed out no longer changes.
func (r *recorder) seal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = true
}
