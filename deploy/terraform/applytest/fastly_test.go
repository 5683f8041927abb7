package applytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

const token = "test"

// fastly is a stand-in for Fastly's API. After each request it records which
// hosts are served.
type fastly struct {
	*httptest.Server
	api *fastlytest.API
	mu  sync.Mutex
	log []request
}

// request is one call and the state after it.
type request struct {
	method, path string
	status       int
	served       []string // hosts that lead to an active service
}

func (r request) writes() bool { return r.method != http.MethodGet }

func (r request) String() string {
	return fmt.Sprintf("%s %s: %d, on the service: %s", r.method, r.path, r.status, strings.Join(r.served, " "))
}

func newFastly(t *testing.T) *fastly {
	f := &fastly{api: fastlytest.New(token)}
	f.Server = httptest.NewServer(http.HandlerFunc(f.record))
	t.Cleanup(f.Close)
	return f
}

// status keeps an answer's status.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// record handles one request at a time.
func (f *fastly) record(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &status{w, http.StatusOK}
	f.api.ServeHTTP(s, r)
	f.log = append(f.log, request{r.Method, r.URL.RequestURI(), s.code, f.api.Served()})
}

// since returns the requests from the nth on.
func (f *fastly) since(n int) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log[n:])
}

func (f *fastly) requests() int { return len(f.since(0)) }

// issue gives the hosts their certificates.
func (f *fastly) issue(hosts ...string) {
	for _, host := range hosts {
		f.api.Issue(host)
	}
}

// ask sends a request to the stand-in without recording it.
func (f *fastly) ask(t *testing.T, method, path, body string, into any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Fastly-Key", token)
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	said, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Less(t, w.Code, 300, "%s", said)
	require.NoError(t, json.Unmarshal(said, into), "%s", said)
}

// service has what the tests read of the only service.
type service struct {
	ID     string
	Active *struct{ Number int } `json:"active_version"`
	Stages []struct {
		Version int `json:"active_version"`
	} `json:"environments"`
}

func (f *fastly) service(t *testing.T) service {
	t.Helper()
	var list []struct{ ID string }
	f.ask(t, "GET", "/service", "", &list)
	require.Len(t, list, 1)
	var s service
	f.ask(t, "GET", "/service/"+list[0].ID+"/details", "", &s)
	require.NotNil(t, s.Active)
	return s
}

// parts are those of a kind in the active version.
func (f *fastly) parts(t *testing.T, kind string) []map[string]any {
	t.Helper()
	s := f.service(t)
	var list []map[string]any
	f.ask(t, "GET", fmt.Sprintf("/service/%s/version/%d/%s", s.ID, s.Active.Number, kind), "", &list)
	return list
}
