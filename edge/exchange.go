package main

import (
	"strings"
	"unsafe"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/core/word"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// exchange is one request with all that is known of it.
type exchange struct {
	start   int64 // nanoseconds since 1970
	req     hostcall.Request
	body    hostcall.Body
	host    string // as the reader asked for it
	scheme  string
	uri     string
	request core.Request
	site    *core.Site
	headers headerSet
	record  clicklog.Record
	signals verdict.Signals
	octets  [16]byte // of the reader's address
	secret  []byte   // while a link is judged
	// answered is set once a response has left, or its leaving has failed: there
	// is no second try, the handles are gone.
	answered bool
	// tells: the ESP is told of the click once the reader has been answered, and
	// the line waits for what it says.
	tells bool
	// logged: the line has been written.
	logged bool
	// buf is where what the host says is put. What needs more is put elsewhere.
	buf hostcall.Buffer
}

// receive reads what came in. A request that has no usable URI is answered all
// the same.
func (x *exchange) receive() core.Code {
	var st hostcall.Status
	if x.req, x.body, st = hostcall.Downstream(); st != hostcall.OK {
		return core.BadRequest
	}
	if x.record.Version, x.record.RequestID = readEnviron(&x.buf); x.record.RequestID == "" {
		x.record.RequestID, _ = x.req.ID(&x.buf)
	}
	x.request.Method, st = x.req.Method(&x.buf)
	x.record.Method = x.request.Method
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.uri, st = x.req.URI(&x.buf)
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.scheme, x.host, x.request.Target = splitURI(x.uri)
	x.record.Host = x.host
	names, st := x.req.HeaderNames(&x.buf)
	if st != hostcall.OK {
		return core.BadRequest
	}
	x.headers.read(names)
	if x.headers.has(hdrCDNLoop) {
		x.request.CDNLoop = x.joined("cdn-loop")
	}
	x.request.Keys = x
	return core.OK
}

// joined returns a request header's values in one line. "" where there is none:
// a header that cannot be read is as good as absent to those who ask.
func (x *exchange) joined(name string) string {
	list, _ := x.req.HeaderValues(&x.buf, name)
	if first, rest := hostcall.Next(list); rest == "" {
		return first
	}
	return strings.ReplaceAll(strings.TrimSuffix(list, "\x00"), "\x00", ", ")
}

// splitURI cuts an absolute URI into scheme, authority and raw target. The
// target is what follows the authority, byte for byte; a client that sent none
// asked for "/".
func splitURI(uri string) (scheme, authority, target string) {
	scheme, rest := "https", ""
	switch {
	case word.HasPrefix(uri, "https://"):
		rest = uri[len("https://"):]
	case word.HasPrefix(uri, "http://"):
		scheme, rest = "http", uri[len("http://"):]
	default:
		return "", "", uri
	}
	i := 0
	for ; i+8 <= len(rest); i += 8 {
		w := word.At(rest, i)
		if m := word.Zeros(w^'/'*word.Ones) | word.Zeros(w^'?'*word.Ones) | word.Zeros(w^'#'*word.Ones); m != 0 {
			i += word.First(m)
			return scheme, rest[:i], rest[i:]
		}
	}
	for ; i < len(rest); i++ {
		if c := rest[i]; c == '/' || c == '?' || c == '#' {
			return scheme, rest[:i], rest[i:]
		}
	}
	return scheme, rest, "/"
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
