package hostsim

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Config describes a service: what its guests can reach and see. The zero value
// works: no backends, no stores, the real clock, plain HTTP. A Config is not
// changed by Host and must not be changed while a Host uses it.
type Config struct {
	Backends map[string]Backend
	// Dynamic is what becomes of backends that guests register themselves.
	// Default: they are connected to.
	Dynamic      Dynamic
	ConfigStores map[string]map[string]string // dictionaries as well
	SecretStores map[string]map[string][]byte
	// KVStores is what KV stores (object stores too) hold at the start. Guests
	// change the host's copy: see Host.KV.
	KVStores map[string]map[string]KVEntry
	ACLs     map[string][]ACLEntry
	// Geo has the data of addresses, Devices that of user agents (by their
	// whole text): JSON objects, as in Fastly's geolocation and device
	// detection data.
	Geo     map[netip.Addr]json.RawMessage
	Devices map[string]json.RawMessage
	// NoLoopbackGeo: loopback addresses are not in San Francisco, where Viceroy
	// has them.
	NoLoopbackGeo bool
	// GeoLookup, when set, answers geolocation lookups in place of Geo: the data,
	// which need not be JSON, and the status of the call. It may be called
	// concurrently.
	GeoLookup func(netip.Addr) ([]byte, Status)
	Shields   map[string]Shield

	// Args follow the program's name, "compute-app", in argv. Default none, as
	// on Fastly.
	Args []string
	// Env is added to the FASTLY_* variables that Viceroy sets, and wins over
	// them.
	Env map[string]string
	// Now is the guest's wall clock. Default time.Now.
	Now func() time.Time
	// Rand is the guest's source of randomness; it is read under a lock.
	// Default crypto/rand.
	Rand io.Reader

	Limits Limits
	// Production simulates what Fastly does and Viceroy does not, and enforces
	// the platform's limits; README.md lists both.
	Production bool

	// LogFault decides, when set, what a log call returns: at endpoint_get
	// (line is nil) and at each write. With anything but StatusOK the guest
	// gets that status and nothing is recorded. It must be safe for concurrent
	// use.
	LogFault func(endpoint string, line []byte) Status
	// HTTPCache: GET and HEAD requests to backends go through a cache, as on
	// Fastly, unless they were sent by a call that is defined not to (send_v3,
	// send_async_v2) or with a cache override that says pass; and guests have
	// fastly_http_cache, on which the SDKs' hooks around a send are built.
	// Without it nothing that is sent is cached, as in Viceroy. Production
	// implies it. Config.Now is the cache's clock.
	HTTPCache bool
	// Inspect is, when set, the verdict of the web application firewall on a
	// request (fastly_http_req.inspect). It must be safe for concurrent use.
	// Default: every request is allowed.
	Inspect func(Inspection) Verdict
	// KVFault decides, when set, how long an operation on a KV store takes and
	// whether it fails. It is called when a guest starts one, from the guest's
	// goroutine.
	KVFault func(KVOperation) KVOutcome
	// After measures the time limits that guests set for their waits
	// (async_io.select). It must be safe for concurrent use. Default
	// time.After.
	After func(time.Duration) <-chan time.Time
	// Faults make backends, logs and stores go wrong. Those with a Share are
	// drawn from Seed; 0: one is chosen, which is logged and returned by
	// Host.Seed.
	Faults []Fault
	Seed   uint64
	// OnLog is called with each log line as it is written, from the guest's
	// goroutine.
	OnLog func(LogLine)
	// OnExchange is called once per request, after the guest has ended and the
	// response has gone out.
	OnExchange func(*Exchange)
	// Stdout and Stderr, when set, get what guests write there as it is
	// written, in addition to the Exchange. They must be safe for concurrent
	// use.
	Stdout, Stderr io.Writer
	// Trace describes each host call in Exchange.Calls in words. It costs time.
	Trace bool
	// TraceIf, when set, says for each host call whether it is described, in
	// place of Trace: for a reader who comes and goes. It must be safe for
	// concurrent use, and quick.
	TraceIf func() bool
	// Profile, when set, collects where guests' time goes, by function. It is
	// for the default engine only, and costs time.
	Profile *Profile
	// Warnings are logged when the host is made. LoadConfig puts there what it
	// ignored.
	Warnings []string
	// Log gets the host's own messages: guests that trap, time limits, refused
	// requests. Default: none.
	Log *slog.Logger

	// Entry is the exported function that answers a request. Default "_start".
	// With another entry the module is a reactor: "_initialize" is called first
	// when the module exports it.
	Entry string
	// FS is a read-only file system at "/". Default none, as on Fastly.
	FS fs.FS

	// Scheme is the scheme of the request URI that guests see: "http" (default,
	// as in Viceroy) or "https" (as on Fastly). With https the calls about the
	// client's TLS connection answer, from TLS or the connection itself.
	Scheme string
	// TLS is what those calls return, with Scheme https. Empty fields get the
	// connection's values, or plausible ones.
	TLS ClientTLS
	// H2Fingerprint is what downstream_client_h2_fingerprint returns. Default
	// none, as in Viceroy.
	H2Fingerprint string
	// ClientIP replaces the client's address. Default: the connection's.
	ClientIP netip.Addr
	// FastlyKeys are the values of Fastly-Key that fastly_key_is_valid accepts.
	FastlyKeys []string
	// NoWebSockets: the service has no WebSocket passthrough, so that
	// redirect_to_websocket_proxy answers unsupported.
	NoWebSockets bool
	// UnknownImports is what becomes of functions that the module imports and
	// that Compute does not have. Default: the module is refused, as on Fastly.
	UnknownImports UnknownImports

	// Engine runs the module. Default wazero; CacheDir is for that one only.
	Engine Engine
	// CacheDir keeps compiled code between processes; wazero takes seconds to
	// compile a large Go module. Go modules that differ only in what memory begins
	// with, or in custom sections other than names, have it in common. Default
	// none.
	CacheDir string
}

// Limits bound what one request may use. Zero fields mean the defaults.
type Limits struct {
	// Time is the wall time per request, guest and backend requests together;
	// default 2 minutes.
	Time time.Duration
	// AfterDisconnect is what is left of Time once the client has gone; default
	// 10 seconds.
	AfterDisconnect time.Duration
	// Guests is how many guests compute at the same time, for the whole Host;
	// default twice the CPUs. Guests that wait do not count. The others take
	// turns.
	Guests int
	// MemoryPages bounds linear memory, in pages of 64 KiB; default 2048
	// (128 MiB).
	MemoryPages uint32
	// HostBytes bounds the host memory for headers, handles, buffered bodies
	// and log lines; default 256 MiB.
	HostBytes int
	// StoreBytes bounds the KV stores, and the cache, for all requests
	// together; default 1 GiB each.
	StoreBytes int
	// Output is the bytes kept of stdout and of stderr; default 1 MiB.
	Output int
	// Calls is the host calls kept in Exchange.Calls; default 10,000.
	Calls int
	// SentBody is the bytes kept of each body that is sent to a backend, in
	// BackendRequest.Body; default none.
	SentBody int

	// The limits below are Fastly's, and have no default but with
	// Config.Production.

	// Sends is the backend requests per sandbox (Fastly: 32).
	Sends int
	// SecretReads is the secrets read from stores per sandbox (Fastly: 5).
	SecretReads int
	// ConfigReads is the keys looked up in config stores and dictionaries per
	// sandbox (Fastly: 32).
	ConfigReads int
	// CPU is the time that a guest does not wait, per request (Fastly: 50 ms on
	// its machines).
	CPU time.Duration
	// URL is the bytes of a client's request target; beyond it the host answers
	// 414 (Fastly: 8,192).
	URL int
	// Field is the bytes of one field of a client's request, name and value;
	// beyond it the host answers 431 (Fastly: 128 KB).
	Field int
	// Hops is the "Fastly" tokens in the CDN-Loop of a client's request; beyond
	// it the host answers 508 (Fastly: 20).
	Hops int
	// KVValue is the bytes of a value in a KV store (Fastly: 25 MB).
	KVValue int
	// KVMetadata is the bytes of a value's metadata (Fastly: 2,048).
	KVMetadata int
}

func orDefault[T int | uint32 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

func (l Limits) orDefaults() Limits {
	l.Time = orDefault(l.Time, 2*time.Minute)
	l.AfterDisconnect = orDefault(l.AfterDisconnect, 10*time.Second)
	l.Guests = orDefault(l.Guests, 2*runtime.GOMAXPROCS(0))
	l.MemoryPages = orDefault(l.MemoryPages, 2048)
	l.HostBytes = orDefault(l.HostBytes, 256<<20)
	l.StoreBytes = orDefault(l.StoreBytes, 1<<30)
	l.Output = orDefault(l.Output, 1<<20)
	l.Calls = orDefault(l.Calls, 10_000)
	return l
}

// ClientTLS is the client's TLS connection as a guest sees it.
type ClientTLS struct {
	Protocol    string // default "TLSv1.3"
	Cipher      string // OpenSSL's name; default "TLS_AES_128_GCM_SHA256"
	ServerName  string // default the request's host
	ClientHello []byte
	JA3         [16]byte
	JA4         string
}

// UnknownImports is what becomes of imported functions that nobody has.
type UnknownImports string

// What Viceroy has in --unknown-import-behavior. It is for the default engine.
const (
	RefuseUnknownImports UnknownImports = ""
	// a call of such a function ends the guest
	TrapUnknownImports UnknownImports = "trap"
	// such functions return zeros; Viceroy had this until 0.20
	ZeroUnknownImports UnknownImports = "zero-or-null"
)

// Status is what a host call returns; see fastly_status in the ABI.
type Status uint32

// Statuses of the ABI.
const (
	StatusOK Status = iota
	StatusError
	StatusInval
	StatusBadHandle
	StatusBufLen
	StatusUnsupported
	StatusBadAlign
	StatusHTTPInvalid
	StatusHTTPUser
	StatusHTTPIncomplete
	StatusNone
	StatusHTTPHeadTooLarge
	StatusHTTPInvalidStatus
	StatusLimitExceeded
	StatusAgain
)

// String returns the status's name in the ABI, for example "badf".
func (s Status) String() string { return abi.Status(s).String() }

// Health is a backend's health as a guest sees it.
type Health uint32

// The health states of the ABI.
const (
	HealthUnknown Health = iota
	HealthHealthy
	HealthUnhealthy
)

// Backend is an origin. Either URL or Handler must be set.
type Backend struct {
	// URL is scheme://host[:port][/prefix]; the prefix is put before every
	// request's path.
	URL string
	// Handler answers in place of an address, over an in-memory connection;
	// wire.RawHeader gives it the exact fields, and RequestURI the exact
	// target. URL may be set as well, for the host and port that the guest
	// sees.
	Handler http.Handler

	Host string // replaces the Host field of every request
	// CertHost is the name the certificate must have; default the URL's host.
	CertHost string
	// SNI is the name sent in the handshake, which may differ; default
	// CertHost.
	SNI        string
	NoSNI      bool // send no name
	SkipVerify bool // accept any certificate
	CA         *x509.CertPool
	ClientCert *tls.Certificate
	// GRPC: speak HTTP/2 and nothing else, with ALPN under https and with prior
	// knowledge under http. Names of fields are in lower case then, and targets
	// must not begin with two slashes.
	GRPC bool

	// Timeouts; 0 means Fastly's defaults for a backend (1 s, 15 s, 10 s), a
	// negative value none. For the time to connect to a loopback address, 0
	// means none, too, but with Config.Production: there it would only measure
	// how busy the machine is.
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration

	Health Health
}

// Loopback reports whether the backend's URL names this machine.
func (b Backend) Loopback() bool {
	compiled, err := b.compile()
	return err == nil && compiled.Loopback()
}

// compile checks a backend and fills in what it leaves open.
func (b Backend) compile() (*origin.Backend, error) {
	url := b.URL
	if url == "" {
		if b.Handler == nil {
			return nil, fmt.Errorf("neither URL nor Handler is set")
		}
		url = "http://backend.invalid"
	}
	o := &origin.Backend{}
	if err := o.ParseURL(url); err != nil {
		return nil, err
	}
	if err := checkMocks(b.Handler); err != nil {
		return nil, err
	}
	for _, name := range []string{b.Host, b.CertHost, b.SNI} {
		if !isSendable(name) {
			return nil, fmt.Errorf("%q is no host: it has control bytes", name)
		}
	}
	o.CertHost = cmp.Or(b.CertHost, o.CertHost)
	o.SNI = cmp.Or(b.SNI, o.CertHost)
	if b.NoSNI {
		o.SNI = ""
	}
	o.GRPC, o.Host, o.Handler, o.SkipVerify, o.CA, o.ClientCert = b.GRPC, b.Host, b.Handler, b.SkipVerify, b.CA, b.ClientCert
	o.ConnectTimeout = origin.Timeout(b.ConnectTimeout, time.Second)
	o.FirstByteTimeout = origin.Timeout(b.FirstByteTimeout, 15*time.Second)
	o.BetweenBytesTimeout = origin.Timeout(b.BetweenBytesTimeout, 10*time.Second)
	o.Health = uint32(b.Health)
	return o, nil
}

// isSendable reports whether a name can stand in a field or a handshake.
func isSendable(name string) bool { return wire.ValidValue(name) }

// KVEntry is one value of a KV store.
type KVEntry struct {
	Value    []byte
	Metadata string // UTF-8
}

// ACLEntry is one prefix of an access control list, and what is to be done with
// addresses that have it.
type ACLEntry struct {
	Prefix netip.Prefix
	Action string // ALLOW, BLOCK, or another text
}

// Shield is a shielding site: the one that this host claims to run on, or
// another one with its addresses.
type Shield struct {
	Local      bool
	Plain, TLS string // URLs
}

// stores fills in the stores and lists that guests look up.
func (c *Config) stores(svc *abi.Service) error {
	svc.KV, svc.Cache = abi.NewKVStores(c.Now, c.Limits.StoreBytes), abi.NewCache(c.Now, c.Limits.StoreBytes)
	svc.HTTPCache, svc.Rates, svc.Inspect = c.HTTPCache || c.Production, abi.NewRates(c.Now), c.inspect()
	svc.KV.MaxValue, svc.KV.MaxMetadata = c.Limits.KVValue, c.Limits.KVMetadata
	for store, entries := range c.KVStores {
		svc.KV.Create(store)
		for key, e := range entries {
			if !abi.ValidKVKey(key) {
				return fmt.Errorf("config: kv store %q: %q cannot be a key", store, key)
			}
			svc.KV.Put(store, key, e.Value, e.Metadata)
		}
	}
	for name, entries := range c.ACLs {
		svc.ACLs[name] = []abi.ACLEntry{}
		for _, e := range entries {
			if !e.Prefix.IsValid() {
				return fmt.Errorf("config: acl %q: an entry has no valid prefix", name)
			}
			svc.ACLs[name] = append(svc.ACLs[name], abi.ACLEntry(e))
		}
	}
	for name, shield := range c.Shields {
		svc.Shields[name] = abi.Shield(shield)
	}
	return c.tables(svc)
}

func (c *Config) tables(svc *abi.Service) error {
	svc.NoLoopbackGeo, svc.NoWebSockets = c.NoLoopbackGeo, c.NoWebSockets
	if lookup := c.GeoLookup; lookup != nil {
		svc.GeoLookup = func(ip netip.Addr) ([]byte, abi.Status) {
			place, st := lookup(ip)
			return place, abi.Status(st)
		}
	}
	for ip, data := range c.Geo {
		if !json.Valid(data) {
			return fmt.Errorf("config: geo data of %s is not JSON", ip)
		}
		svc.Geo[ip] = data
	}
	for agent, data := range c.Devices {
		if !json.Valid(data) {
			return fmt.Errorf("config: device data of %q is not JSON", agent)
		}
		svc.Devices[agent] = data
	}
	return nil
}

// service checks the configuration and turns it into what sandboxes share.
func (c *Config) service() (*abi.Service, error) {
	svc := &abi.Service{ConfigStores: c.ConfigStores, SecretStores: c.SecretStores, HostBytes: c.Limits.HostBytes,
		Sends: c.Limits.Sends, SecretReads: c.Limits.SecretReads, ConfigReads: c.Limits.ConfigReads, Backends: map[string]*origin.Backend{}, FastlyKeys: map[string]bool{}, Geo: map[netip.Addr][]byte{},
		Devices: map[string][]byte{}, ACLs: map[string][]abi.ACLEntry{}, Shields: map[string]abi.Shield{}}
	if c.Production {
		svc.BackendFields = addBackendFields
	}
	if err := c.stores(svc); err != nil {
		return nil, err
	}
	if c.Scheme != "http" && c.Scheme != "https" {
		return nil, fmt.Errorf("config: scheme %q: want http or https", c.Scheme)
	}
	if err := c.Dynamic.check(); err != nil {
		return nil, err
	}
	svc.Dynamic = c.Dynamic.resolver()
	for _, key := range c.FastlyKeys {
		svc.FastlyKeys[key] = true
	}
	svc.KVFault, svc.After = c.kvFault(), c.After
	if fault := c.LogFault; fault != nil {
		svc.LogFault = func(endpoint string, line []byte) abi.Status { return abi.Status(fault(endpoint, line)) }
	}
	for name, backend := range c.Backends {
		compiled, err := backend.compile()
		if err != nil {
			return nil, fmt.Errorf("config: backend %q: %w", name, err)
		}
		if backend.ConnectTimeout == 0 && compiled.Loopback() && !c.Production {
			compiled.ConnectTimeout = 0
		}
		if backend.Handler == nil && !backend.GRPC {
			compiled.Pool = &origin.Pool{}
		}
		svc.Backends[name] = compiled
	}
	return svc, nil
}

func (c *Config) args() []string { return append([]string{"compute-app"}, c.Args...) }

// environment is Viceroy's (src/linking.rs, make_wasi_ctx), in its order and
// with the values of Env where that has any; then what else Env has, by name.
func (c *Config) environment(id uint64) [][2]string {
	const zeros = "0000000000000000000000"
	list := [][2]string{{"FASTLY_CACHE_GENERATION", "0"}, {"FASTLY_CUSTOMER_ID", zeros}, {"FASTLY_POP", "XXX"},
		{"FASTLY_REGION", "Somewhere"}, {"FASTLY_SERVICE_ID", zeros}, {"FASTLY_SERVICE_VERSION", "0"},
		{"FASTLY_HOSTNAME", "localhost"}, {"FASTLY_IS_STAGING", "0"}, {"FASTLY_TRACE_ID", fmt.Sprintf("%032x", id)}}
	more := maps.Clone(c.Env)
	for i, pair := range list {
		if value, ok := more[pair[0]]; ok {
			list[i][1] = value
			delete(more, pair[0])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		list = append(list, [2]string{name, more[name]})
	}
	return list
}
