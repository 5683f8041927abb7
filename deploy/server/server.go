package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Server answers requests on link domains. Its fields are set before the first
// request and not changed afterwards; what may change is in [Content].
type Server struct {
	// Origins sends requests to the ESPs; a [Pool], as a rule.
	Origins Origins
	// Links is where learned links are kept. Nil: nothing is learned.
	Links *Links
	// MostBody is the most bytes of a request's body; 0 is [MostBody].
	MostBody int64
	// Log takes the lines of the click log, each in one call.
	Log io.Writer
	// Observe, if not nil, is called with what each line says, and whether the
	// log has taken it.
	Observe func(r *clicklog.Record, logged bool)
	// Warn takes what an operator should know. It names no reader.
	Warn io.Writer
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// NewID makes the id of a request; nil makes random ones.
	NewID func() string

	content atomic.Pointer[Content]
	after   sync.WaitGroup // work that goes on after an answer
}

// Origins sends requests to origins.
type Origins interface {
	// Send sends a request and returns when the head of its answer is there, or
	// req.Until is over. The answer's body must be closed. The request is the
	// caller's again when Send returns, unless it has a body. An error wraps a
	// [senderror.Error], and [wire.ErrLate] where it was too late.
	Send(ctx context.Context, o *core.Origin, req *wire.Request) (*wire.Response, error)
}

// Content is what the server answers with. It is replaced as a whole, and must
// not be changed once it is in use.
type Content struct {
	// Sites are as the module has them, see [TableOf].
	Sites *sitetable.Table
	// Overrides take the place of sites; nil for none.
	Overrides Overrides
	// Archive has what is known of links beforehand, as the module's has.
	Archive learned.Archive
	// Keys has the secrets of signed links.
	Keys signed.Keyring
	// Version names the sites, in the log and to health probes.
	Version string

	secrets signed.Secrets // secretOf, made once
}

// TableOf returns sites in the form in which a click reads one of them: of
// 100,000 sites it takes a fraction of the memory.
func TableOf(sites *core.Sites) *sitetable.Table {
	table, err := sitetable.Open(string(sitetable.Make(sites)))
	if err != nil {
		panic("internal error: a table of sites that was just made cannot be read") // before anybody is answered
	}
	return &table
}

// secretOf is a [signed.Secrets].
func (c *Content) secretOf(kid string) ([]byte, error) {
	if c.Keys == nil {
		return nil, errNoKeys
	}
	return c.Keys.Secret(kid)
}

var errNoKeys = errors.New("there are no secrets of signed links")

// Put puts content into service. Requests under way keep the one that they have.
func (s *Server) Put(c *Content) {
	c.secrets = c.secretOf
	s.content.Store(c)
}

// Content returns what is in service; nil before the first [Server.Put].
func (s *Server) Content() *Content { return s.content.Load() }

// Wait waits until everything is done that goes on after answers: clicks that
// an ESP is told of, links that are learned. No request may come meanwhile.
func (s *Server) Wait() { s.after.Wait() }

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Server) newID() string {
	if s.NewID != nil {
		return s.NewID()
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// Incoming is a request as it came.
type Incoming struct {
	Method string
	Target string // raw
	Header wire.Header
	// Secure: it came over TLS.
	Secure bool
	// Address is the reader's; the zero Addr where it is not known.
	Address netip.Addr
	// Body is nil where the request has none. Length is -1 where it is not
	// known.
	Body   io.Reader
	Length int64
}

// Outgoing takes an answer.
type Outgoing interface {
	// WriteHead is called once, before the body is written. The fields may be
	// read until it returns; the texts in them may be kept.
	WriteHead(status int, header wire.Header) error
	io.Writer
	// FlushError sends what has been written so far.
	FlushError() error
}

// Answer answers one request, and writes one line to the log. The error is why
// the reader has not got the whole answer: the connection must then be closed.
// The reader who leaves does not end ctx: what the ESP has been asked must be in
// the log.
func (s *Server) Answer(ctx context.Context, in *Incoming, out Outgoing) error {
	x := newExchange()
	x.in = *in
	return s.answer(context.WithoutCancel(ctx), x, out)
}

func (s *Server) answer(ctx context.Context, x *exchange, out Outgoing) error {
	x.s, x.content, x.ctx, x.out, x.start = s, s.Content(), ctx, out, s.now()
	x.serve()
	err := x.broken
	x.release()
	return err
}
