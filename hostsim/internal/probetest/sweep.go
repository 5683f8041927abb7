package probetest

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// Case is a program that asks one question about one host call.
type Case struct {
	Name    string
	Call    *abi.Function
	Program *Program
}

// Sweep asks of every host call what comes of it with good arguments; twice;
// with each argument bad in each of the ways that its kind can be bad; and with
// two arguments bad at once, which shows the order in which a host checks them.
// It expects what Config has.
func Sweep() []Case {
	var list []Case
	for _, fn := range abi.Functions() {
		s := &sweeper{fn: fn}
		s.ask("good", nil)
		s.repeat()
		s.bad()
		list = append(list, s.list...)
	}
	return list
}

// sweeper makes the cases of one call.
type sweeper struct {
	fn   *abi.Function
	list []Case
}

// badness makes one parameter bad: it gets the maker, and returns the one or
// two arguments.
type badness struct {
	name string
	make func(m *maker) []Arg
}

func (s *sweeper) ask(name string, bad map[int]badness) {
	m := newMaker(fmt.Sprint(len(s.list)))
	s.call(m, bad)
	s.add(name, m)
}

func (s *sweeper) add(name string, m *maker) {
	s.list = append(s.list, Case{strings.TrimPrefix(s.fn.Module, "fastly_") + "." + s.fn.Name + "/" + name, s.fn, m.p})
}

// repeat makes the call twice in one program: what has been consumed is gone.
func (s *sweeper) repeat() {
	if s.fn.Name == "transaction_lookup" {
		return // the second would wait for the first and never return
	}
	m := newMaker("twice")
	args := s.call(m, nil)
	m.p.Calls = append(m.p.Calls, Call{s.fn, args})
	s.add("twice", m)
}

// call appends the call in question.
func (s *sweeper) call(m *maker, bad map[int]badness) []Arg {
	var args []Arg
	for i, p := range s.fn.Parameters {
		if b, ok := bad[i]; ok {
			args = append(args, b.make(m)...)
		} else {
			args = append(args, s.good(m, i, p)...)
		}
	}
	m.p.Calls = append(m.p.Calls, Call{s.fn, args})
	return args
}

// good is an argument as a sound guest would give it.
func (s *sweeper) good(m *maker, i int, p abi.Parameter) []Arg {
	switch p.Kind {
	case 't':
		ptr, n := m.text(s.goodText(m, p.Name))
		return []Arg{ptr, n}
	case 'l':
		m.handle("pending")
		return []Arg{Const(m.slots["pending"]), Const(1)}
	case 'o':
		return []Arg{Const(resultsAt + 32*uint32(i))}
	case 'p':
		if strings.HasSuffix(p.Name, "out") && !strings.HasPrefix(p.Name, "addr_") {
			return []Arg{Const(resultsAt + 32*uint32(i))}
		}
		if strings.Contains(p.Name, "option") || strings.Contains(p.Name, "config") || strings.Contains(p.Name, "error_detail") || strings.Contains(p.Name, "override") {
			return []Arg{Const(recordsAt)}
		}
		return []Arg{Const(buffersAt + 256*uint32(i))}
	}
	if kind := s.handleKind(p.Name); kind != "" {
		return []Arg{m.handle(kind)}
	}
	return []Arg{Const(s.goodNumber(p.Name))}
}

// goodText is the text for a parameter of a name.
func (s *sweeper) goodText(m *maker, name string) string {
	switch {
	case name == "shield_name":
		return "http://shield.example/"
	case name == "backend" || name == "backend_name":
		return "origin"
	case name == "cache_key":
		return "key" + m.tag
	case strings.HasPrefix(s.fn.Name, "pending_req_header"), strings.HasPrefix(s.fn.Name, "header_"), strings.HasPrefix(s.fn.Name, "trailer_"):
		return map[string]string{"name": "x-test", "value": "v", "values": "v\x00w\x00"}[name]
	}
	if text, ok := map[string]string{"key": "a", "uri": "http://origin.example/two?x", "method": "PUT", "target": "127.0.0.1:1", "sk": "one two"}[name]; ok {
		return text
	}
	// stores, lists, sites and agents have that name; anything else takes any
	// text
	return "settings"
}

// goodNumber is a value that is no handle.
func (s *sweeper) goodNumber(name string) uint32 {
	switch {
	case name == "addr_len" || name == "ip_len":
		return 4
	case strings.HasSuffix(name, "_len"):
		return 200
	case name == "status":
		return 204
	case name == "abi_version":
		return 1
	case name == "timeout_ms":
		return 1
	}
	return 0
}

// handleKind is what a parameter stands for, by the module and the name of the
// call; "" for a plain number.
func (s *sweeper) handleKind(name string) string {
	module, call := strings.TrimPrefix(s.fn.Module, "fastly_"), s.fn.Name
	for _, r := range handleKinds {
		if (r.module == module || r.module == "") && strings.HasPrefix(call, r.call) && r.param == name {
			return r.kind
		}
	}
	return ""
}

var handleKinds = []struct{ module, call, param, kind string }{
	{"http_req", "pending_req", "h", "pending"}, {"http_req", "", "h", "req"}, {"http_req", "", "req", "req"},
	{"http_req", "", "b", "body"}, {"http_req", "", "body", "body"}, {"http_resp", "send_downstream_pending", "handle", "pending"},
	{"http_resp", "", "h", "resp"}, {"http_resp", "", "b", "body"}, {"http_body", "trailer_names_get", "h", "read"},
	{"http_body", "trailer_value", "h", "read"}, {"http_body", "", "h", "body"}, {"http_body", "", "dest", "body"},
	{"http_body", "", "src", "other"}, {"http_downstream", "next_request", "handle", "promise"}, {"http_downstream", "", "req", "downreq"},
	{"log", "", "h", "log"}, {"config_store", "", "h", "config_store"}, {"dictionary", "", "h", "config_store"},
	{"secret_store", "", "store", "secret_store"}, {"secret_store", "", "secret", "secret"}, {"kv_store", "", "store", "kv_store"},
	{"kv_store", "lookup_wait", "handle", "kv lookup"}, {"kv_store", "insert_wait", "handle", "kv insert"},
	{"kv_store", "delete_wait", "handle", "kv delete"}, {"kv_store", "list_wait", "handle", "kv list"}, {"kv_store", "", "body_handle", "body"},
	{"object_store", "", "store", "kv_store"}, {"object_store", "", "body_handle", "body"},
	{"object_store", "pending_lookup", "pending_objstr_handle", "obj lookup"}, {"object_store", "pending_insert", "pending_objstr_handle", "obj insert"},
	{"object_store", "pending_delete", "pending_objstr_handle", "obj delete"}, {"async_io", "", "handle", "pending"},
	{"cache", "transaction", "handle", "lead"}, {"cache", "cache_busy", "busy_handle", "busy"}, {"cache", "close_busy", "handle", "busy"},
	{"cache", "", "handle", "cached"}, {"acl", "", "acl", "acl"}, {"http_cache", "", "req_handle", "req"}, {"http_cache", "", "resp_handle", "resp"},
	{"http_cache", "", "response", "resp"}, {"image_optimizer", "", "origin_image_request", "req"}, {"image_optimizer", "", "origin_image_request_body", "body"},
}

// bad asks with one bad argument each time, and then with two.
func (s *sweeper) bad() {
	params := s.fn.Parameters
	all := make([][]badness, len(params))
	for i, p := range params {
		all[i] = s.badnesses(i, p)
		for _, b := range all[i] {
			s.ask(p.Name+" "+b.name, map[int]badness{i: b})
		}
	}
	for i := range params {
		for j := i + 1; j < len(params); j++ {
			for _, k := range []int{0, 1} {
				a, b := all[i][k%len(all[i])], all[j][k%len(all[j])]
				s.ask(params[i].Name+" "+a.name+", "+params[j].Name+" "+b.name, map[int]badness{i: a, j: b})
			}
		}
	}
}

// badnesses are the ways in which a parameter can be bad. The first two also
// stand for the others in pairs.
func (s *sweeper) badnesses(i int, p abi.Parameter) []badness {
	switch p.Kind {
	case 't', 'l':
		return append(pairs(), texts(p)...)
	case 'p', 'o':
		return numbers(MemSize-1, recordsAt+1, MemSize-8, MemSize-4, MemSize, 0xffffffff, 0, recordsAt+2, recordsAt+4)
	}
	if s.handleKind(p.Name) == "" {
		return numbers(0xffffffff, 1, 0, 2, 3, 4, 5, 7, 16, 64, 99, 100, 103, 199, 1000, 0x10000, 0x80000000)
	}
	return append(numbers(0xfffffffe, 999, 0, 1, 2, 3, 0xffffffff), otherKinds(s.handleKind(p.Name))...)
}

func numbers(values ...uint32) (list []badness) {
	for _, v := range values {
		list = append(list, badness{fmt.Sprintf("%#x", v), func(*maker) []Arg { return []Arg{Const(v)} }})
	}
	return list
}

// pairs are addresses and lengths.
func pairs() (list []badness) {
	for _, p := range []struct {
		name   string
		ptr, n uint32
	}{
		{"out of bounds", MemSize - 1, 2}, {"4 GiB", recordsAt, 0xffffffff}, {"empty at the end", MemSize, 0}, {"empty behind the end", MemSize + 1, 0},
		{"null", 0, 0}, {"null of one", 0, 1}, {"misaligned", recordsAt + 1, 1}, {"zeros", recordsAt, 3},
	} {
		list = append(list, badness{p.name, func(*maker) []Arg { return []Arg{Const(p.ptr), Const(p.n)} }})
	}
	return list
}

// texts are texts that something may object to.
func texts(p abi.Parameter) (list []badness) {
	if p.Kind == 'l' {
		return nil
	}
	for _, s := range []string{"\xff\xfe", "a\x00b", "a\r\nb: c", " a ", "é", "UPPER-case", "nowhere", "\x7f", "/only/path?q", "http://user@h:99/p#f", "Host", "content-length",
		"not a token", "http://", "*", "stdout", strings.Repeat("x", 300), strings.Repeat("y", 9000)} {
		name := fmt.Sprintf("%.20q", s)
		list = append(list, badness{name, func(m *maker) []Arg { ptr, n := m.text(s); return []Arg{ptr, n} }})
	}
	return list
}

// otherKinds are handles of every other kind. Those whose wait would be a
// matter of time are left out.
func otherKinds(kind string) (list []badness) {
	for _, other := range []string{"downbody", "req", "resp", "body", "read", "log", "config_store", "secret", "pending", "stream", "kv lookup", "kv list", "cached"} {
		if other != kind {
			list = append(list, badness{"of " + other, func(m *maker) []Arg { return []Arg{m.handle(other)} }})
		}
	}
	return list
}
