package main

import (
	"strings"
	"time"
	"unsafe"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// exchange is one request with all that is known of it.
type exchange struct {
	start   time.Time
	req     hostcall.Request
	body    hostcall.Body
	host    string // as the reader asked for it
	scheme  string
	uri     string
	request core.Request
	site    *core.Site
	headers headerSet
	keys    keyring
	record  core.Record
	signals core.Signals
	// answered is set once a response has left, or its leaving has failed: there
	// is no second try, the handles are gone.
	answered bool
	buf      []byte
}

// text is where what the host says is put. What needs more is put elsewhere.
var text [8 << 10]byte

// receive reads what came in. A request that has no usable URI is answered all
// the same.
func (x *exchange) receive() core.Code {
	var st hostcall.Status
	if x.req, x.body, st = hostcall.Downstream(); st != hostcall.OK {
		return core.BadRequest
	}
	if x.record.Version, x.record.RequestID = readEnviron(); x.record.RequestID == "" {
		x.record.RequestID, _ = x.text(x.req.AppendID)
	}
	x.request.Method, st = x.text(x.req.AppendMethod)
	x.record.Method = x.request.Method
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.uri, st = x.text(x.req.AppendURI)
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.scheme, x.host, x.request.Target = splitURI(x.uri)
	x.record.Host = x.host
	names, st := x.text(x.req.AppendHeaderNames)
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.headers.read(names)
	if x.headers.has(hdrCDNLoop) {
		x.request.CDNLoop = x.joined("cdn-loop")
	}
	x.request.Keys = &x.keys
	return core.OK
}

// text returns what a host call appends, as a string over the exchange's own
// buffer: nothing is copied, and nothing there is written twice.
func (x *exchange) text(call func([]byte) ([]byte, hostcall.Status)) (string, hostcall.Status) {
	from := len(x.buf)
	buf, st := call(x.buf)
	if st != hostcall.OK {
		return "", st
	}
	x.buf = buf
	return view(buf[from:]), hostcall.OK
}

// joined returns a request header's values in one line. "" where there is none:
// a header that cannot be read is as good as absent to those who ask.
func (x *exchange) joined(name string) string {
	list, _ := x.text(func(dst []byte) ([]byte, hostcall.Status) { return x.req.AppendHeaderValues(dst, name) })
	list = strings.TrimSuffix(list, "\x00")
	if strings.IndexByte(list, 0) < 0 {
		return list
	}
	return strings.ReplaceAll(list, "\x00", ", ")
}

// splitURI cuts an absolute URI into scheme, authority and raw target. The
// target is what follows the authority, byte for byte; a client that sent none
// asked for "/".
func splitURI(uri string) (scheme, authority, target string) {
	scheme, rest := "https", ""
	switch {
	case strings.HasPrefix(uri, "https://"):
		rest = uri[len("https://"):]
	case strings.HasPrefix(uri, "http://"):
		scheme, rest = "http", uri[len("http://"):]
	default:
		return "", "", uri
	}
	for i := 0; i < len(rest); i++ {
		if c := rest[i]; c == '/' || c == '?' || c == '#' {
			return scheme, rest[:i], rest[i:]
		}
	}
	return scheme, rest, "/"
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
