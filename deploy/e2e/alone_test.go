package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// requestsVariable names the environment variable that says how many requests
// TestNothingPassesFromOneRequestToAnother sends.
const requestsVariable = "CLICKEDGE_REQUESTS"

func manyRequests(t *testing.T) int {
	text, n := os.Getenv(requestsVariable), 4000
	switch {
	case text != "":
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err, requestsVariable)
	case cold():
		n = 200 // each pays for an initialisation
	}
	return n
}

// mark is a text that belongs to request i only.
func mark(i int) string { return fmt.Sprintf("mark%08xends", uint32(i)*2654435761) }

var marks = regexp.MustCompile(`mark[0-9a-f]{8}ends`)

// requireOnly checks that a text has this mark, and no other.
func requireOnly(text, own string) error {
	found := marks.FindAllString(text, -1)
	if len(found) == 0 {
		return fmt.Errorf("no mark in %q", text)
	}
	for _, m := range found {
		if m != own {
			return fmt.Errorf("%s, another request's, in %q", m, text)
		}
	}
	return nil
}

// lone is a request in which every value that a reader controls has a mark.
type lone struct {
	hostsim.Request
	own      string
	action   string // in the log
	location string // "" for no redirect
	id       string
}

// loneMark makes a cookie the ESP's own.
var loneMark = func() string {
	o, _ := core.LookupPreset("customerio-eu")
	return o.CookieMark()
}()

const loneSecret = "0123456789abcdef0123456789abcdef"

func newLone(i int) (*lone, error) {
	own := mark(i)
	l := &lone{own: own, Request: hostsim.Request{
		Method: "GET", Host: "signed.example.com", ClientIP: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
		Header: wire.NewHeader("User-Agent", own+" Mozilla/5.0", "Cookie", loneMark+"c="+own, "X-Own", own, "Referer", "https://"+own+".example/"),
	}}
	switch i % 5 {
	case 0: // a signed link
		l.action, l.location, l.id = "redirect", "https://www.example.org/"+own, own
		link, err := signed.Mint(signed.Link{Host: l.Host, KeyID: "k1", ID: l.id, Destination: l.location}, []byte(loneSecret))
		l.Target = strings.TrimPrefix(link, "https://"+l.Host)
		return l, err
	case 1: // proxied: what comes back was made of what was sent
		l.action, l.Host, l.Target = "proxy", "proxied.example.com", "/e/c/"+own
	case 2: // read from the link
		l.action, l.Host, l.location = "redirect", "ses.example.com", "https://shop.example.com/"+own
		l.Target = strings.Replace(sesClick, "shop.example.com%2Fa", "shop.example.com%2F"+own, 1)
	case 3: // a page
		l.action, l.Host, l.Target = "refuse", own+".example.com", "/"+own
	case 4: // a page for a link that is not right
		l.action, l.Target = "refuse", "/to/k1.i"+own+".uaHR0cHM6Ly93d3cuZXhhbXBsZS5vcmcv.AAAAAAAAAAAAAAAAAAAAAA"
	}
	return l, nil
}

// check compares the answer and the log line with the request.
func (l *lone) check(resp *hostsim.Response, x *hostsim.Exchange) error {
	lines := clicks(x)
	if !x.Ending.OK() || len(lines) != 1 || len(x.Stderr) > 0 {
		return fmt.Errorf("%s, log %q, stderr %q", x.Ending, lines, x.Stderr)
	}
	id := fmt.Sprintf("%032x", x.ID)
	for _, want := range []string{`"request":"` + id + `"`, `"action":"` + l.action + `"`, `"host":"` + l.Host + `"`} {
		if !strings.Contains(lines[0], want) {
			return fmt.Errorf("no %s in %s", want, lines[0])
		}
	}
	if l.id != "" && !strings.Contains(lines[0], `"id":"`+l.id+`"`) {
		return fmt.Errorf("no id in %s", lines[0])
	}
	if location, _ := resp.Header.Get("Location"); location != l.location {
		return fmt.Errorf("leads to %q", location)
	}
	if asked := strings.Contains(lines[0], `"agrees":"yes"`); asked != (l.Host == "ses.example.com") {
		return fmt.Errorf("the ESP was asked, and agrees: %t", asked)
	}
	if l.action == "refuse" && !strings.Contains(string(resp.Body), id) {
		return fmt.Errorf("no id of its own on the page %q", resp.Body)
	}
	return requireOnly(l.Target+lines[0]+show(resp)+showSent(x.Sent), l.own)
}

// echo answers with what it was asked.
var echo = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Set-Cookie", q.Header.Get("Cookie"))
	w.Header().Set("X-Own", q.Header.Get("X-Own"))
	_, _ = io.WriteString(w, q.RequestURI+" "+q.Header.Get("X-Forwarded-For"))
})

// agree leads where the link leads.
var agree = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
	http.Redirect(w, q, "https://shop.example.com/"+marks.FindString(q.RequestURI), http.StatusFound)
})

// Concurrent requests through one module, each with its own host, path,
// headers, address, cookie and id: the answer, the click log and what the ESP
// is sent contain nothing of any other request.
func TestNothingPassesFromOneRequestToAnother(t *testing.T) {
	r := newRig(t, `{"sites": {
		"signed.example.com": {"esp": "none", "keys": ["k1"], "signed_links": "anywhere"},
		"proxied.example.com": {"esp": "customerio-eu"},
		"ses.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": true, "destinations": ["shop.example.com"]}}}`,
		func(cfg *hostsim.Config) {
			cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: {"k1": []byte(loneSecret)}}
			cfg.Backends = map[string]hostsim.Backend{"customerio-eu": {Handler: echo}, "ses-us-east-1": {Handler: agree}}
		})
	n := manyRequests(t)
	var next, proxied atomic.Int64
	var workers sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
				if err := r.alone(i, &proxied); err != nil {
					t.Errorf("request %d: %v", i, err)
				}
			}
		})
	}
	workers.Wait()
	require.EqualValues(t, (n+3)/5, proxied.Load())
}

func (r *rig) alone(i int, proxied *atomic.Int64) error {
	l, err := newLone(i)
	if err != nil {
		return err
	}
	resp, x, err := r.host.Do(context.Background(), &l.Request)
	if err != nil {
		return err
	}
	if l.action == "proxy" {
		proxied.Add(1)
		if want := l.Target + " " + l.ClientIP.String(); string(resp.Body) != want {
			return fmt.Errorf("the ESP's answer is %q, not %q", resp.Body, want)
		}
	}
	return l.check(resp, x)
}
