package probetest

import "fmt"

// Config is a fastly.toml with what the sweep's programs expect; origin is the
// URL of a server that answers without waiting for a request's body.
func Config(origin string) string {
	return fmt.Sprintf(`manifest_version = 3
[local_server.backends.origin]
url = %q
health = "healthy"
[local_server.config_stores.settings]
format = "inline-toml"
[local_server.config_stores.settings.contents]
a = "one"
[[local_server.secret_stores.settings]]
key = "a"
data = "plain"
[[local_server.kv_stores.settings]]
key = "a"
data = "value"
metadata = "meta"
[local_server.shielding_sites]
settings = "Local"
[local_server.shielding_sites.elsewhere]
unencrypted = "http://127.0.0.1:1/"
encrypted = "https://127.0.0.1:1/"
[local_server.geolocation]
format = "inline-toml"
[local_server.geolocation.addresses]
[local_server.geolocation.addresses."97.0.0.0"]
city = "nowhere"
[local_server.device_detection]
format = "inline-toml"
[local_server.device_detection.user_agents]
[local_server.device_detection.user_agents.settings]
device = { name = "a device" }
`, origin)
}

// Where the sweep's programs have things in memory.
const (
	slotsAt = 0x100 // handles, 8 bytes apart
	scrapAt = 0x3f0 // results that are not checked
	// what the call in question gives out, 32 bytes for each parameter
	resultsAt = 0x400
	textsAt   = 0x1000 // texts
	buffersAt = 0x6000 // 256 bytes for each parameter
	recordsAt = 0x7000 // zeros, for options
	dumpSize  = 0x7400
)

// maker builds a program with the handles that it needs.
type maker struct {
	p     *Program
	slots map[string]uint32
	texts uint32
	tag   string // makes keys of the cache differ from program to program
}

func newMaker(tag string) *maker {
	m := &maker{p: &Program{Dump: dumpSize}, slots: map[string]uint32{}, texts: textsAt, tag: tag}
	m.p.Put(recordsAt, make([]byte, dumpSize-recordsAt))
	return m
}

// text puts a text into the image and returns its address and length.
func (m *maker) text(s string) (ptr, n Arg) {
	at := m.texts
	m.p.Put(at, []byte(s))
	m.texts += uint32(len(s)+8) &^ 7
	return Const(at), Const(uint32(len(s)))
}

// do is Program.Do with texts for pairs of arguments.
func (m *maker) do(name string, args ...any) {
	var list []Arg
	for _, a := range args {
		switch a := a.(type) {
		case Arg:
			list = append(list, a)
		case int:
			list = append(list, Const(uint32(a)))
		case string:
			ptr, n := m.text(a)
			list = append(list, ptr, n)
		}
	}
	m.p.Do(name, list...)
}

// slot is where a handle is kept.
func (m *maker) slot(name string) Arg {
	at, ok := m.slots[name]
	if !ok {
		at = slotsAt + 8*uint32(len(m.slots))
		m.slots[name] = at
	}
	return Const(at)
}

// handle is a handle of a kind, made by the calls in kinds when there is none
// yet.
func (m *maker) handle(name string) Arg {
	if _, made := m.slots[name]; !made {
		m.slot(name)
		kinds[name](m)
	}
	return At(m.slots[name])
}

// kinds make a handle each.
var kinds map[string]func(m *maker)

func init() {
	open := func(module string) func(*maker) {
		return func(m *maker) { m.do(module+".open", "settings", m.slot(module)) }
	}
	kinds = map[string]func(*maker){
		"downreq":  func(m *maker) { m.do("http_req.body_downstream_get", m.slot("downreq"), scrapAt) },
		"downbody": func(m *maker) { m.do("http_req.body_downstream_get", scrapAt, m.slot("downbody")) },
		"req": func(m *maker) {
			m.do("http_req.new", m.slot("req"))
			m.do("http_req.uri_set", m.handle("req"), "http://origin.example/one")
			m.do("http_req.header_append", m.handle("req"), "x-test", "some")
			m.do("http_req.header_append", m.handle("req"), "x-test", "more")
		},
		"resp": func(m *maker) {
			m.do("http_resp.new", m.slot("resp"))
			m.do("http_resp.header_append", m.handle("resp"), "x-test", "some")
			m.do("http_resp.header_append", m.handle("resp"), "x-test", "more")
		},
		"body":  func(m *maker) { m.body("body") },
		"other": func(m *maker) { m.body("other") },
		"read": func(m *maker) {
			m.do("http_body.new", m.slot("read"))
			m.do("http_body.trailer_append", m.handle("read"), "x-test", "some")
			m.do("http_body.trailer_append", m.handle("read"), "x-test", "more")
			m.do("http_body.read", m.handle("read"), buffersAt, 16, scrapAt)
		},
		"log":          func(m *maker) { m.do("log.endpoint_get", "access", m.slot("log")) },
		"config_store": open("config_store"), "secret_store": open("secret_store"), "kv_store": open("kv_store"), "acl": open("acl"),
		"secret":  func(m *maker) { m.do("secret_store.get", m.handle("secret_store"), "a", m.slot("secret")) },
		"pending": func(m *maker) { m.send("pending", "http_req.send_async") },
		"stream": func(m *maker) {
			m.send("streamed", "http_req.send_async_streaming")
			m.slots["stream"] = m.slots["streamed body"]
		},
		"kv lookup": func(m *maker) {
			m.do("kv_store.lookup", m.handle("kv_store"), "a", 0, recordsAt, m.slot("kv lookup"))
		},
		"kv insert": func(m *maker) {
			m.do("kv_store.insert", m.handle("kv_store"), "new", m.handle("body"), 0, recordsAt, m.slot("kv insert"))
		},
		"kv delete": func(m *maker) {
			m.do("kv_store.delete", m.handle("kv_store"), "new", 0, recordsAt, m.slot("kv delete"))
		},
		"kv list":    func(m *maker) { m.do("kv_store.list", m.handle("kv_store"), 0, recordsAt, m.slot("kv list")) },
		"obj lookup": func(m *maker) { m.do("object_store.lookup_async", m.handle("kv_store"), "a", m.slot("obj lookup")) },
		"obj insert": func(m *maker) {
			m.do("object_store.insert_async", m.handle("kv_store"), "newer", m.handle("body"), m.slot("obj insert"))
		},
		"obj delete": func(m *maker) {
			m.do("object_store.delete_async", m.handle("kv_store"), "newer", m.slot("obj delete"))
		},
		"cached": func(m *maker) { m.do("cache.lookup", "stored"+m.tag, 0, recordsAt, m.slot("cached")) },
		"lead":   func(m *maker) { m.do("cache.transaction_lookup", "lead"+m.tag, 0, recordsAt, m.slot("lead")) },
		"busy":   func(m *maker) { m.do("cache.transaction_lookup_async", "busy"+m.tag, 0, recordsAt, m.slot("busy")) },
		"promise": func(m *maker) {
			m.do("http_downstream.next_request", 0, recordsAt, m.slot("promise"))
		},
	}
}

func (m *maker) body(name string) {
	m.do("http_body.new", m.slot(name))
	m.do("http_body.write", m.handle(name), "contents", 0, scrapAt)
}

// send starts a request and waits until its outcome is there, so that nothing
// that follows is a matter of time.
func (m *maker) send(name, call string) {
	m.do("http_req.new", m.slot(name+" request"))
	m.do("http_req.uri_set", At(m.slots[name+" request"]), "http://origin.example/"+name)
	m.do("http_body.new", m.slot(name+" body"))
	m.do(call, At(m.slots[name+" request"]), At(m.slots[name+" body"]), "origin", m.slot(name))
	m.do("async_io.select", Const(m.slots[name]), 1, 0, scrapAt)
}
