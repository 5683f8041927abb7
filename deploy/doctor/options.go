package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// The two words that [Options].Origin takes in place of an address.
const (
	OriginNone   = ""       // the ESP is asked through the link domain only
	OriginPreset = "preset" // the address that the preset names
)

// defaultTimeout bounds one exchange: a reader does not wait longer.
const defaultTimeout = 10 * time.Second

// defaultSlow is the time to the first byte from which on a click feels slow.
const defaultSlow = time.Second

// Options say what is examined. Host is required, everything else may be zero.
type Options struct {
	// Host is the branded link domain, "link.example.com".
	Host string
	// ESP is a preset, "customerio-eu"; "" is a guess from DNS, Link and the
	// answers.
	ESP string
	// Also are further ESPs whose links the host has. ESP gets what is no link of
	// theirs.
	Also []Sender
	// LinksOnly: what is no link does not go to ESP either.
	LinksOnly bool
	// Unsubscribes is the origin, as a URL, that gets the unsubscribes of retired
	// ESPs; "" for none.
	Unsubscribes string
	// CDN is fastly, nginx, cloudflare, cloudfront or other; "" is a guess from
	// DNS and the answers.
	CDN string
	// Link is a link from a real mail, whole, as it came; "" for none. It is
	// asked once through the link domain and, where Customer.io refuses it,
	// once at the origin of each region. A link that unsubscribes is an error.
	Link string
	// Via takes the place of the host's addresses: an IP address, a name, or
	// either with a port, which then is that of https.
	Via string
	// Resolvers are asked over UDP and TCP, "addr:port". Empty: those of
	// /etc/resolv.conf.
	Resolvers []string
	// SecondRecord is the second name of SendGrid's link branding,
	// "1234567.example.com"; "" if unknown.
	SecondRecord string
	// Origin allows the ESP to be asked directly, for comparison: [OriginNone],
	// [OriginPreset], or the address "host:port" to dial in place of the
	// preset's; "http://host:port" for one without TLS.
	Origin string
	// Site is the origin of a site in sites.json, nil for none: what it says of
	// Host, X-Forwarded-Host and further fields is how the origin is asked.
	Site *core.Origin
	// OtherOrigin is where Customer.io's other region is asked, in the form of
	// Origin; "" is the preset's address where Origin is [OriginPreset], and
	// else nowhere.
	OtherOrigin string
	// Roots are the authorities to trust; nil stands for the system's.
	Roots *x509.CertPool
	// CT demands proof of certificate transparency of Roots too. With the
	// system's it always is.
	CT bool
	// HTTPPort and HTTPSPort stand for 80 and 443.
	HTTPPort, HTTPSPort int
	// Now is the clock that certificates are held against; nil is the system's.
	Now func() time.Time
	// Timeout bounds each exchange; 0 is ten seconds.
	Timeout time.Duration
	// Slow is the time to the first byte that is worth a finding; 0 is one
	// second.
	Slow time.Duration
	// UserAgent is that of the ordinary requests; "" is a browser's, with the
	// doctor's name behind it.
	UserAgent string
	// Files: what is served to apps is fetched whole, for [report.Stands].
	Files bool
	// Progress, if not nil, is told before each question what is asked. The
	// given link is named as such only.
	Progress func(catalogue.Section, string)
	// Dial opens every TCP connection, those to origins by name included; nil
	// is a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ErrUnsubscribe is wrapped by the error about a Link that unsubscribes
// somebody when it is opened.
var ErrUnsubscribe = errors.New("the link unsubscribes a recipient")

// ErrOptions is wrapped by errors about Options that make no sense.
var ErrOptions = errors.New("cannot examine")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOptions, fmt.Sprintf(format, args...))
}

// completed returns the options with every default put in, or what is wrong
// with them.
func (o Options) completed() (Options, error) {
	o.Host = core.CanonicalHost(o.Host)
	if !isName(o.Host) {
		return o, wrong("%q is not the name of a link domain: write it as in \"link.example.com\"", cut(o.Host, 80))
	}
	if o.ESP != "" {
		if _, ok := core.LookupPreset(o.ESP); !ok {
			return o, o.unknownESP(o.ESP)
		}
	}
	if err := o.checkSenders(); err != nil {
		return o, err
	}
	if o.CDN != "" && !slices.Contains(catalogue.CDNs(), o.CDN) {
		return o, wrong("unknown CDN %q: it is one of %s", cut(o.CDN, 80), strings.Join(catalogue.CDNs(), ", "))
	}
	o.HTTPPort, o.HTTPSPort = cmp.Or(o.HTTPPort, 80), cmp.Or(o.HTTPSPort, 443)
	if err := o.completeVia(); err != nil {
		return o, err
	}
	o.Resolvers = slices.Clone(o.Resolvers)
	for i, r := range o.Resolvers {
		if _, _, err := net.SplitHostPort(r); err != nil {
			o.Resolvers[i] = net.JoinHostPort(strings.Trim(r, "[]"), "53")
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Slow <= 0 {
		o.Slow = defaultSlow
	}
	o.UserAgent = cmp.Or(o.UserAgent, defaultUserAgent)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o, nil
}

// completeVia splits a port off Via. It is that of https: the one of http stays.
func (o *Options) completeVia() error {
	if o.Via == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(o.Via)
	if err == nil {
		if o.HTTPSPort, err = strconv.Atoi(port); err != nil {
			return wrong("%q names no port: write it as in 192.0.2.1:443", cut(o.Via, 80))
		}
		o.Via = host
	}
	o.Via = strings.Trim(o.Via, "[]")
	if net.ParseIP(o.Via) == nil && !isName(core.CanonicalHost(o.Via)) {
		return wrong("%q is neither an address nor a name", cut(o.Via, 80))
	}
	return nil
}

// isName reports whether s is a host name of at least two labels, in lower
// case.
func isName(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") || net.ParseIP(s) != nil {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, labelBytes) != "" {
			return false
		}
	}
	return true
}

const labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// under reports whether name is domain or below it.
func under(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// parents are the names above host, nearest first, down to the one that
// somebody registered.
func parents(host string) (list []string) {
	top, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return nil
	}
	for host != top {
		_, host, _ = strings.Cut(host, ".")
		list = append(list, host)
	}
	return list
}

// cut shortens a foreign text.
func cut(s string, n int) string { return clean.Cut(s, n) }

func quoted(s string) string { return clean.Quote(s, 160) }

func join(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
