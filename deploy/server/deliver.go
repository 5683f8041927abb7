package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/spool"
)

// Delivery says how the click log goes to a receiver over HTTPS, which is named
// in place of a file.
type Delivery struct {
	Spool string // folder for the lines that the receiver has not taken yet
	MiB   int    // its bound; 0 is [SpoolMiB]
	Token string // file with the receiver's token, "" for none
	Field string // header field that has it, "" for Authorization
	Roots string // file in PEM: who may have signed the receiver's certificate; "" for the system's
	Gzip  bool

	age time.Duration // of a batch that is sent; 0 is [spool.BatchAge]
}

// SpoolMiB is the bound of a spool unless another is given.
const SpoolMiB = 1024

// drainTime is how long the receiver may take for what waits, at the end.
const drainTime = 10 * time.Second

// delivered is a click log that goes to a receiver.
type delivered struct {
	*spool.Spool
	receiver *spool.Receiver
	delivery *spool.Delivery // nil before begin
	token    func() (string, error)
	observe  func(result string)
}

// openDelivery makes the click log that goes to a receiver.
func (r *run) openDelivery() (*delivered, error) {
	d := &r.Delivery
	if d.Spool == "" {
		return nil, failure.Usage(errors.New("a log that is sent over https needs a folder in which lines wait for the receiver"), "name one with --log-spool; it is made where it does not exist")
	}
	roots, err := r.In.Authorities(d.Roots)
	if err != nil {
		return nil, err
	}
	log := &delivered{token: r.token}
	if log.receiver, err = spool.NewReceiver(spool.ReceiverOptions{URL: r.Log, Field: d.Field, Gzip: d.Gzip, Roots: roots}); err != nil {
		return nil, err
	}
	if err := log.load(); err != nil {
		return nil, err
	}
	mib := d.MiB
	if mib == 0 {
		mib = SpoolMiB
	}
	log.Spool, err = spool.Open(spool.Options{Dir: d.Spool, Most: int64(mib) << 20, Age: d.age, Warn: func(text string) { fmt.Fprintln(r.Err, text) }})
	if err != nil {
		return nil, err
	}
	r.metrics.observeSpool(log.Spool)
	log.observe = func(result string) { r.metrics.batches.WithLabelValues(result).Inc() }
	return log, nil
}

// begin begins to send, when nothing keeps the server from starting any more.
func (d *delivered) begin() { d.delivery = spool.Deliver(d.Spool, d.receiver, d.observe) }

// token reads the receiver's token.
func (r *run) token() (string, error) {
	d := &r.Delivery
	source := spool.TokenSource{LookupEnv: r.Source.LookupEnv, File: d.Token, Credential: r.credential(spool.TokenCredential),
		Read: func(name string) ([]byte, error) { return r.In.ReadText("the token", name, 64<<10, "") },
		Warn: func(text string) { fmt.Fprintln(r.Err, text) }}
	token, err := source.Token()
	if err == nil && token == "" && d.Field != "" {
		err = failure.Usage(errors.New("the log's receiver reads a token from the field "+d.Field+", and there is none"),
			"set "+spool.TokenVariable+", give --log-token FILE, or systemd's credential "+spool.TokenCredential)
	}
	return token, err
}

// credential is the file of one of systemd's credentials; "" for none.
func (r *run) credential(name string) string {
	if r.Credentials == "" {
		return ""
	}
	file := filepath.Join(r.Credentials, name)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || strings.TrimSpace(string(text)) == noCredential {
		return ""
	}
	return file // what is wrong with it is said when it is read
}

// load reads the token again.
func (d *delivered) load() error {
	token, err := d.token()
	if err != nil {
		return err
	}
	d.receiver.SetToken(token)
	if d.delivery != nil {
		d.delivery.Nudge() // it may be right now
	}
	return nil
}

// reopen implements clickLog. The reload that follows sends at once.
func (d *delivered) reopen() error { return nil }

// close implements clickLog.
func (d *delivered) close() error {
	if d.delivery == nil {
		return d.Spool.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return d.delivery.Close(ctx)
}

// unused returns what was given for a receiver where the log has none.
func (d *Delivery) unused() string {
	switch {
	case d.Spool != "":
		return "--log-spool"
	case d.MiB != 0:
		return "--log-spool-mib"
	case d.Token != "":
		return "--log-token"
	case d.Field != "":
		return "--log-header"
	case d.Roots != "":
		return "--log-root"
	case d.Gzip:
		return "--log-gzip"
	}
	return ""
}
