package server

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/spool"
)

// metrics count what the click log says, a line at a time, and what it does not
// say. Labels have values that the program knows, never a host or anything of a
// reader's.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec // by kind, code, status
	origins  *prometheus.CounterVec // by esp and result
	missed   *prometheus.CounterVec // by esp and missed
	seconds  prometheus.Histogram
	unlogged prometheus.Counter
	reloads  *prometheus.CounterVec // by result
	refused  prometheus.Counter
	batches  *prometheus.CounterVec // by result; nil where none are sent
	stopping atomic.Bool

	mu   sync.RWMutex
	seen map[series]prometheus.Counter // some of requests
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), seen: map[series]prometheus.Counter{}}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	m.requests = counters("clickedge_requests_total", "Requests, as in the click log.", "kind", "code", "status")
	m.origins = counters("clickedge_origin_answers_total", "What ESPs answered: a status, or why there was none.", "esp", "result")
	m.missed = counters("clickedge_missed_total", "Requests that an ESP has missed in its counts.", "esp", "missed")
	m.reloads = counters("clickedge_reloads_total", "Changed files that were put into service (ok) or not (failed).", "result")
	m.unlogged = counter("clickedge_log_failures_total", "Lines that the click log did not take; they are on standard error.")
	m.refused = counter("clickedge_connections_refused_total", "Connections closed since their address had its share.")
	m.seconds = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "clickedge_answer_seconds", Help: "Time to the sending of the answer, an ESP's included.",
		Buckets: []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10, 30}})
	m.registry.MustRegister(m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, result := range []string{"ok", "failed"} {
		m.reloads.WithLabelValues(result) // 0, so that the first failure is a rise
	}
	return m
}

// observeSpool adds what is known of lines that wait for a receiver.
func (m *metrics) observeSpool(s *spool.Spool) {
	m.batches = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "clickedge_log_batches_total",
		Help: "Batches of the click log that were sent to its receiver: delivered, or the status or no_answer for which they are sent again."}, []string{"result"})
	m.registry.MustRegister(m.batches)
	for _, result := range []string{"delivered", "no_answer"} {
		m.batches.WithLabelValues(result)
	}
	m.gauge("clickedge_log_spool_batches", "Batches of the click log that wait for its receiver.", func() int { n, _ := s.Waiting(); return n })
	m.gauge("clickedge_log_spool_bytes", "Bytes of the files in the spool.", func() int { _, n := s.Waiting(); return int(n) })
	m.gauge("clickedge_log_spool_age_seconds", "How long the oldest line has waited for its receiver.", func() int { return int(s.Oldest().Seconds()) })
}

// gauge adds a value that is read when somebody asks.
func (m *metrics) gauge(name, help string, read func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(read()) }))
}

// series is what requests are counted by.
type series struct {
	kind   esp.Kind
	code   outcome.Code
	status int
}

// requestsLike returns the counter of requests with the kind, code and status of
// this one. It is found without making texts of these, once there is one.
func (m *metrics) requestsLike(r *clicklog.Record) prometheus.Counter {
	s := series{r.Kind, r.Code, r.Status}
	m.mu.RLock()
	c := m.seen[s]
	m.mu.RUnlock()
	if c == nil {
		c = m.requests.WithLabelValues(r.Kind.String(), string(r.Code), strconv.Itoa(r.Status))
		m.mu.Lock()
		m.seen[s] = c
		m.mu.Unlock()
	}
	return c
}

// line counts one line of the click log.
func (m *metrics) line(r *clicklog.Record, logged bool) {
	m.requestsLike(r).Inc()
	m.seconds.Observe(float64(r.Micros) / 1e6)
	switch {
	case r.OriginError != "":
		m.origins.WithLabelValues(r.ESP, r.OriginError).Inc()
	case r.OriginStatus != 0:
		m.origins.WithLabelValues(r.ESP, strconv.Itoa(r.OriginStatus)).Inc()
	}
	if r.Missed != "" {
		m.missed.WithLabelValues(r.ESP, r.Missed).Inc()
	}
	if !logged {
		m.unlogged.Inc()
	}
}

// healthy is what a server says that takes requests.
const healthy = "ok"

// health answers whether the server takes requests.
func (m *metrics) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if m.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, healthy)
}

// server serves /metrics and /healthz. It is for this machine, and not for
// readers.
func (m *metrics) server() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", m.health)
	return &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
}

// isOpen reports whether others than this machine can reach an address.
func isOpen(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}
