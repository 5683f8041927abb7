package doctortest

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http2"
)

// over2 holds a condition over HTTP/2 only.
func over2(condition func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.ProtoMajor == 2 && condition(r) }
}

// http2Setups break over HTTP/2 only, which browsers use where it is offered.
var http2Setups = []Setup{
	{
		Name: "http2-other-page", Wrong: "over HTTP/2 a default page answers", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Always), Answer(http.StatusOK, "<h1>It works!</h1>", "Content-Type", "text/html"))), Not: []string{"http-ok"},
	},
	{
		Name: "http2-clicks-only", Wrong: "over HTTP/2 clicks are not found, and everything else is well", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Target(`^/ls/click`)), Answer(http.StatusNotFound, "Not Found"))), Not: []string{"http-ok"},
	},
	{
		Name: "http2-long-queries", Wrong: "over HTTP/2 long queries are refused", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Target(`\?.{1000}`)), Answer(http.StatusRequestHeaderFieldsTooLarge, "Too large"))),
	},
	{
		Name: "http2-odd-bytes", Wrong: "over HTTP/2 odd bytes are refused", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Target(`[|{}^"]`)), Answer(http.StatusBadRequest, "Bad Request"))),
	},
	{
		Name: "http2-post", Wrong: "over HTTP/2 POST is redirected", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Method(http.MethodPost)), RedirectTo(301, "https://{host}{target}/"))),
	},
	{
		Name: "http2-head", Wrong: "over HTTP/2 HEAD is refused", Want: []string{"http2-differs"}, Preset: "sendgrid",
		Change: before(When(over2(Method(http.MethodHead)), Answer(http.StatusMethodNotAllowed, ""))),
	},
	{
		Name: "http2-host-lost", Wrong: "over HTTP/2 the Host is not forwarded", Want: []string{"http2-differs"},
		Change: func(w *World) {
			own, other := w.Proxy, w.ProxyTo(w.Fleet, w.Origin)
			other.Change = []Change{SendHost(w.Origin.Address)}
			w.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor == 2 {
					other.ServeHTTP(rw, r)
					return
				}
				own.ServeHTTP(rw, r)
			})
		},
	},
	{
		Name: "http2-offered-not-spoken", Wrong: "ALPN offers h2, and every stream is reset", Want: []string{"http2-no-answer"}, Preset: "sendgrid", Not: []string{"http-ok"},
		Change: func(w *World) {
			pair := w.Authority.Issue(w.T, w.TLS.Cert)
			w.Place443 = &resets2{config: w.TLS.config(pair, &pair), next: w.handler(nil)}
		},
	},
}

// resets2 answers over HTTP/1.1, and resets every stream of HTTP/2.
type resets2 struct {
	config *tls.Config
	next   http.Handler
}

// ServeConn implements Place.
func (p *resets2) ServeConn(conn net.Conn) {
	secured := tls.Server(conn, p.config)
	if secured.Handshake() != nil {
		return
	}
	if secured.ConnectionState().NegotiatedProtocol != "h2" {
		serveHTTP1(secured, p.next)
		return
	}
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := secured.Read(preface); err != nil || !strings.HasPrefix(string(preface), "PRI") {
		return
	}
	fr := http2.NewFramer(secured, secured)
	_ = fr.WriteSettings()
	for {
		frame, err := fr.ReadFrame()
		if err != nil {
			return
		}
		if frame.Header().Type == http2.FrameHeaders {
			_ = fr.WriteRSTStream(frame.Header().StreamID, http2.ErrCodeInternal)
		}
	}
}
