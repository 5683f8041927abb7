package prewarm

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// status is what a host call of Fastly Compute returns.
type status uint32

const (
	statusOK          status = 0
	statusBufferSmall status = 4
	statusUnsupported status = 5
	statusNone        status = 10
)

// The handles of a rehearsal, which needs few.
const (
	downstreamHandle = 1
	otherHandle      = 2
)

// canned is the platform of one rehearsal: the request and the answer of every
// backend are fixed, stores are empty but for made-up secrets, and nothing
// leaves it. A call that it does not know is unsupported, as it would be on a
// host that is older than the guest.
type canned struct {
	rehearsal Rehearsal
	watch     *watch
	// current is the response that the guest makes, answered what it got from a
	// backend; the handles tell them apart.
	status, sent uint32
	secrets      []string // plain texts by handle
}

// cannedCall is a host call with its arguments.
type cannedCall struct {
	*canned
	memory api.Memory
	p      []uint64
}

// function is a host call that is known, and how many arguments it has.
type function struct {
	params int
	do     func(*cannedCall) status
}

// put writes what a call returns.
func (c *cannedCall) put(at uint64, b []byte) {
	if !c.memory.Write(uint32(at), b) {
		panic(beyond{})
	}
	c.watch.write(uint32(at), uint32(len(b)))
}

func (c *cannedCall) put16(at uint64, v uint16) { c.put(at, binary.LittleEndian.AppendUint16(nil, v)) }
func (c *cannedCall) put32(at uint64, v uint32) { c.put(at, binary.LittleEndian.AppendUint32(nil, v)) }
func (c *cannedCall) put64(at uint64, v uint64) { c.put(at, binary.LittleEndian.AppendUint64(nil, v)) }

// get reads an argument.
func (c *cannedCall) get(at, n uint64) string {
	b, ok := c.memory.Read(uint32(at), uint32(n))
	if !ok {
		panic(beyond{})
	}
	c.watch.read(uint32(at), uint32(n))
	return string(b)
}

// give is how text is returned: into a buffer of the guest's, with its length.
// If the buffer is too small, the length is what the text needs.
func (c *cannedCall) give(text string, buffer, size, length uint64) status {
	c.put32(length, uint32(len(text)))
	if uint64(len(text)) > uint64(uint32(size)) {
		return statusBufferSmall
	}
	c.put(buffer, []byte(text))
	return statusOK
}

// list is how several texts are returned: each with a NUL after it, and no
// further page.
func (c *cannedCall) list(texts []string, buffer, size, cursor, length uint64) status {
	c.put64(cursor, ^uint64(0))
	text := ""
	for _, t := range texts {
		text += t + "\x00"
	}
	return c.give(text, buffer, size, length)
}

// handle returns one handle or more.
func (c *cannedCall) handle(h uint32, at ...uint64) status {
	for _, a := range at {
		c.put32(a, h)
	}
	return statusOK
}

func names(fields []Field) []string {
	var out []string
	for _, f := range fields {
		if !slices.Contains(out, f.Name) {
			out = append(out, f.Name)
		}
	}
	return out
}

func values(fields []Field, name string) []string {
	var out []string
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// define adds the platform's functions that the module imports.
func (c *canned) define(ctx context.Context, rt wazero.Runtime, r *reactor) error {
	return definePlatform(ctx, rt, r, func(b wazero.HostModuleBuilder, im wasm.Import, t wasm.FuncType) {
		f, known := cannedFunctions[im.Module+"."+im.Name]
		known = known && len(t.Params) == f.params
		call := func(_ context.Context, m api.Module, stack []uint64) {
			st := statusUnsupported
			if known {
				st = f.do(&cannedCall{c, m.Memory(), stack[:f.params]})
			}
			clear(stack)
			if len(t.Results) > 0 {
				stack[0] = uint64(st)
			}
		}
		b.NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(call), engineTypes(t.Params), engineTypes(t.Results)).Export(im.Name)
	})
}

// cannedFunctions are the host calls that a rehearsal knows, by module and name.
var cannedFunctions = functions()

func functions() map[string]function {
	known := map[string]function{}
	add := func(module string, list map[string]function) {
		for name, f := range list {
			known[module+"."+name] = f
		}
	}
	add("fastly_abi", map[string]function{"init": done(1)})
	add("fastly_http_req", requestFunctions)
	add("fastly_http_req", sendFunctions)
	add("fastly_http_req", readerFunctions(0))
	add("fastly_http_downstream", readerFunctions(1))
	add("fastly_http_downstream", nextFunctions)
	add("fastly_http_resp", responseFunctions)
	add("fastly_http_body", bodyFunctions)
	for module, list := range storeFunctions {
		add(module, list)
	}
	return known
}

// done is a call that returns nothing but that it went well.
func done(params int) function { return function{params, func(*cannedCall) status { return statusOK }} }

var requestFunctions = map[string]function{
	"body_downstream_get": {2, func(c *cannedCall) status { return c.handle(downstreamHandle, c.p...) }},
	"method_get":          {4, func(c *cannedCall) status { return c.give(c.rehearsal.Method, c.p[1], c.p[2], c.p[3]) }},
	"uri_get":             {4, func(c *cannedCall) status { return c.give(c.rehearsal.URI, c.p[1], c.p[2], c.p[3]) }},
	"version_get":         {2, func(c *cannedCall) status { return c.handle(2, c.p[1]) }}, // HTTP/1.1
	"header_names_get": {6, func(c *cannedCall) status {
		return c.list(names(c.rehearsal.Header), c.p[1], c.p[2], c.p[4], c.p[5])
	}},
	"header_values_get": {8, func(c *cannedCall) status {
		return c.list(values(c.rehearsal.Header, c.get(c.p[1], c.p[2])), c.p[3], c.p[4], c.p[6], c.p[7])
	}},
	"header_value_get": {6, func(c *cannedCall) status {
		return c.first(values(c.rehearsal.Header, c.get(c.p[1], c.p[2])), c.p[3], c.p[4], c.p[5])
	}},
	"new": {1, func(c *cannedCall) status { return c.handle(otherHandle, c.p[0]) }}, "close": done(1),
	"method_set": texts(3, 1), "uri_set": texts(3, 1), "version_set": done(2), "header_remove": texts(3, 1),
	"header_insert": texts(5, 1, 3), "header_append": texts(5, 1, 3), "header_values_set": texts(5, 1, 3),
	"cache_override_set": done(4), "cache_override_v2_set": done(6),
	"framing_headers_mode_set": done(2), "auto_decompress_response_set": done(2),
}

// texts is a call that reads texts, each an address and a length, from these
// parameters on.
func texts(params int, at ...int) function {
	return function{params, func(c *cannedCall) status {
		for _, i := range at {
			c.get(c.p[i], c.p[i+1])
		}
		return statusOK
	}}
}

// first returns the first value of a field.
func (c *cannedCall) first(values []string, buffer, size, length uint64) status {
	if len(values) == 0 {
		c.put32(length, 0)
		return statusNone
	}
	return c.give(values[0], buffer, size, length)
}

// sendFunctions ask a backend; the answer is there at once.
var sendFunctions = map[string]function{
	"send":                 {6, func(c *cannedCall) status { return c.handle(otherHandle, c.p[4], c.p[5]) }},
	"send_v2":              {7, func(c *cannedCall) status { return c.handle(otherHandle, c.p[5], c.p[6]) }},
	"send_v3":              {7, func(c *cannedCall) status { return c.handle(otherHandle, c.p[5], c.p[6]) }},
	"send_async":           {5, func(c *cannedCall) status { return c.handle(otherHandle, c.p[4]) }},
	"send_async_streaming": {5, func(c *cannedCall) status { return c.handle(otherHandle, c.p[4]) }},
	"send_async_v2":        {6, func(c *cannedCall) status { return c.handle(otherHandle, c.p[5]) }},
	"pending_req_wait":     {3, func(c *cannedCall) status { return c.handle(otherHandle, c.p[1], c.p[2]) }},
	"pending_req_wait_v2":  {4, func(c *cannedCall) status { return c.handle(otherHandle, c.p[2], c.p[3]) }},
	"pending_req_poll": {4, func(c *cannedCall) status {
		c.put32(c.p[1], 1)
		return c.handle(otherHandle, c.p[2], c.p[3])
	}},
	"pending_req_poll_v2": {5, func(c *cannedCall) status {
		c.put32(c.p[2], 1)
		return c.handle(otherHandle, c.p[3], c.p[4])
	}},
}

// readerFunctions are what is known of a reader: an address and a
// connection. In the older module they do not name the request.
func readerFunctions(request int) map[string]function {
	address := func(octets ...byte) function {
		return function{request + 2, func(c *cannedCall) status {
			c.put(c.p[request], octets)
			return c.handle(uint32(len(octets)), c.p[request+1])
		}}
	}
	text := func(value string) function {
		return function{request + 3, func(c *cannedCall) status {
			return c.give(value, c.p[request], c.p[request+1], c.p[request+2])
		}}
	}
	digest := function{request + 2, func(c *cannedCall) status {
		c.put(c.p[request], make([]byte, 16))
		return c.handle(16, c.p[request+1])
	}}
	return map[string]function{
		"downstream_client_ip_addr": address(192, 0, 2, 7), "downstream_server_ip_addr": address(192, 0, 2, 8),
		"downstream_client_request_id": text("00000000000000000000000000000002"),
		"downstream_tls_protocol":      text("TLSv1.3"), "downstream_tls_cipher_openssl_name": text("TLS_AES_128_GCM_SHA256"),
		"downstream_tls_client_hello": text(""), "downstream_tls_client_servername": text("rehearsal.example"),
		"downstream_tls_ja4": text("t13d1516h2_8daaf6152771_02713d6af862"), "downstream_tls_ja3_md5": digest,
		"downstream_bot_analyzed": {request + 1, func(c *cannedCall) status { return c.handle(0, c.p[request]) }},
	}
}

// nextFunctions are for guests that serve several requests: there is no other.
var nextFunctions = map[string]function{
	"next_request":         {3, func(c *cannedCall) status { return c.handle(otherHandle, c.p[2]) }},
	"next_request_wait":    {3, func(c *cannedCall) status { return statusNone }},
	"next_request_abandon": done(1),
}

// header is what a response has: a backend's the canned fields, the guest's
// own none, as far as the guest may ask.
func (c *cannedCall) header() []Field {
	if uint32(c.p[0]) == otherHandle {
		return c.rehearsal.Answer.Header
	}
	return nil
}

const ownResponse = 3 // the handle of the response that the guest makes itself

var responseFunctions = map[string]function{
	"new": {1, func(c *cannedCall) status { return c.handle(ownResponse, c.p[0]) }}, "close": done(1),
	"status_get": {2, func(c *cannedCall) status {
		v := c.status
		if uint32(c.p[0]) == otherHandle {
			v = uint32(c.rehearsal.Answer.Status)
		}
		c.put16(c.p[1], uint16(v))
		return statusOK
	}},
	"status_set":  {2, func(c *cannedCall) status { c.status = uint32(c.p[1]); return statusOK }},
	"version_get": {2, func(c *cannedCall) status { return c.handle(2, c.p[1]) }}, "version_set": done(2),
	"header_names_get": {6, func(c *cannedCall) status {
		return c.list(names(c.header()), c.p[1], c.p[2], c.p[4], c.p[5])
	}},
	"header_values_get": {8, func(c *cannedCall) status {
		return c.list(values(c.header(), c.get(c.p[1], c.p[2])), c.p[3], c.p[4], c.p[6], c.p[7])
	}},
	"header_value_get": {6, func(c *cannedCall) status {
		return c.first(values(c.header(), c.get(c.p[1], c.p[2])), c.p[3], c.p[4], c.p[5])
	}},
	"header_remove": texts(3, 1), "header_insert": texts(5, 1, 3), "header_append": texts(5, 1, 3),
	"header_values_set": texts(5, 1, 3), "framing_headers_mode_set": done(2),
	"send_downstream": {3, func(c *cannedCall) status {
		if c.sent = c.status; uint32(c.p[0]) == otherHandle {
			c.sent = uint32(c.rehearsal.Answer.Status)
		}
		return statusOK
	}},
}

var bodyFunctions = map[string]function{
	"new":  {1, func(c *cannedCall) status { return c.handle(ownResponse, c.p[0]) }},
	"read": {4, func(c *cannedCall) status { return c.handle(0, c.p[3]) }}, // bodies are empty
	"write": {5, func(c *cannedCall) status {
		c.get(c.p[1], c.p[2])
		return c.handle(uint32(c.p[2]), c.p[4])
	}},
	"append": done(2), "close": done(1), "abandon": done(1), "trailer_append": texts(5, 1, 3),
	"known_length": {2, func(c *cannedCall) status { return statusNone }},
}

// open is a store that exists, whatever its name.
var open = function{3, func(c *cannedCall) status {
	c.get(c.p[0], c.p[1])
	return c.handle(otherHandle, c.p[2])
}}

// missing is a look-up that finds nothing.
var missing = function{6, func(c *cannedCall) status {
	c.get(c.p[1], c.p[2])
	c.put32(c.p[5], 0)
	return statusNone
}}

var storeFunctions = map[string]map[string]function{
	"fastly_config_store": {"open": open, "get": missing},
	"fastly_dictionary":   {"open": open, "get": missing},
	"fastly_secret_store": {"open": open, "get": {4, (*cannedCall).secret}, "plaintext": {4, (*cannedCall).plaintext}},
	"fastly_log":          {"endpoint_get": open, "write": {4, (*cannedCall).log}},
	"fastly_backend":      {"exists": {3, (*cannedCall).exists}},
	"fastly_async_io":     {"select": {4, func(c *cannedCall) status { return c.handle(0, c.p[3]) }}}, // the first is ready
	"fastly_compute_runtime": {"get_vcpu_ms": {1, func(c *cannedCall) status {
		c.put64(c.p[0], 1)
		return statusOK
	}}},
}

func (c *cannedCall) secret() status {
	text, ok := c.rehearsal.Secrets[c.get(c.p[1], c.p[2])]
	if !ok {
		return statusNone
	}
	c.secrets = append(c.secrets, text)
	return c.handle(uint32(len(c.secrets)), c.p[3])
}

func (c *cannedCall) plaintext() status {
	n := uint64(uint32(c.p[0]))
	if n == 0 || n > uint64(len(c.secrets)) {
		return statusNone
	}
	return c.give(c.secrets[n-1], c.p[1], c.p[2], c.p[3])
}

func (c *cannedCall) log() status {
	c.get(c.p[1], c.p[2])
	return c.handle(uint32(c.p[2]), c.p[3])
}

func (c *cannedCall) exists() status {
	c.get(c.p[0], c.p[1])
	return c.handle(1, c.p[2])
}
