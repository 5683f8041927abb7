package origins

import (
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

// family is how one ESP's origin behaves.
type family struct {
	server   string // the Server field; "" for none
	cookie   string // Set-Cookie of a click; "" for none
	cache    string // Cache-Control of a redirect; "" where the ESP forgets it
	status   int    // of a redirect; 0 for 302
	needsSNI bool
	// refuse, if not nil, gets a request before its path is matched; true means
	// answered.
	refuse  func(http.ResponseWriter, *request) bool
	routes  []route
	samples func(*sampler) []SampleLink
}

// families holds every family that core knows.
var families = map[esp.Family]*family{
	esp.FamilyCustom:     custom,
	esp.FamilyCustomerIO: customerIO,
	esp.FamilySendGrid:   sendGrid,
	esp.FamilySparkPost:  sparkPost,
	esp.FamilySES:        ses,
	esp.FamilyMailgun:    mailgun,
	esp.FamilyMandrill:   mandrill,
	esp.FamilyMailjet:    mailjet,
	esp.FamilyPostmark:   postmark,
	esp.FamilyIterable:   iterable,
	esp.FamilyMautic:     mautic,
	esp.FamilyListmonk:   listmonk,
	esp.FamilyPostal:     postal,
}

// route answers the targets that its pattern matches.
type route struct {
	target  *regexp.Regexp
	methods []string
	answer  func(http.ResponseWriter, *request)
}

// get is a route for GET and HEAD. The pattern is matched against the whole raw
// path; any query may follow.
func get(path string, answer func(http.ResponseWriter, *request)) route {
	return route{whole(path + `(?:\?.*)?`), []string{"GET", "HEAD"}, answer}
}

// click is a route for links. read returns where a link leads; ok is false for
// one that is damaged.
func click(path string, read func(q *request) (destination string, ok bool)) route {
	return get(path, func(w http.ResponseWriter, q *request) {
		destination, ok := read(q)
		answerClick(w, q, destination, ok)
	})
}

// page is a route that takes POST as well.
func page(path string, answer func(http.ResponseWriter, *request)) route {
	return route{whole(path + `(?:\?.*)?`), []string{"GET", "HEAD", "POST"}, answer}
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?s)^` + pattern + `$`) }

func (f *family) serve(w http.ResponseWriter, q *request) {
	if f.server != "" {
		w.Header().Set("Server", f.server)
	}
	if f.refuse != nil && f.refuse(w, q) {
		return
	}
	for _, r := range f.routes {
		if q.match = r.target.FindStringSubmatch(q.Target); q.match == nil {
			continue
		}
		if !slices.Contains(r.methods, q.Method) {
			w.Header().Set("Allow", strings.Join(r.methods, ", "))
			text(w, http.StatusMethodNotAllowed, "Method Not Allowed")
			return
		}
		r.answer(w, q)
		return
	}
	text(w, http.StatusNotFound, "Not Found")
}

// request is what an answer depends on. Nothing in it has been decoded.
type request struct {
	Seen
	origin *origin
	host   string // the Host field in lower case, without port
	query  string // what follows the first "?"
	match  []string
}

func newRequest(o *origin, seen Seen) *request {
	_, query, _ := strings.Cut(seen.Target, "?")
	return &request{Seen: seen, origin: o, host: bareHost(seen.Host()), query: query}
}

func (q *request) options() *Options { return &q.origin.fleet.opt }

// param returns the raw value of the first query parameter of a name.
func (q *request) param(name string) string {
	for pair := range strings.SplitSeq(q.query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// branded reports whether a host is a tracking domain that the ESP knows.
func (q *request) branded(host string) bool {
	listed := q.options().Branded
	if len(listed) == 0 {
		return host != "" && host != bareHost(q.origin.spec.Address)
	}
	return slices.ContainsFunc(listed, func(h string) bool { return bareHost(h) == host })
}

func bareHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
