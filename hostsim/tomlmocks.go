package hostsim

import (
	"errors"
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// LoadMocks reads the tables mocks and dynamic_mocks of a file into cfg. In a
// fastly.toml they stand below local_server, where LoadConfig finds them; but
// Fastly's CLI drops what it does not know when it writes that file. A mock
// answers for a backend that cfg has, by its name; a dynamic one for a name or
// host that a guest registers, or for all others ("*"). Each is a table, or an
// array of tables of which the first that fits a request answers. Mistakes are
// errors with file and line.
func LoadMocks(path string, cfg *Config) error {
	f, err := readTOML(path)
	if err != nil {
		return err
	}
	root := f.section("", f.root)
	loadMocks(root, cfg)
	root.done()
	return errors.Join(f.errs...)
}

func loadMocks(s *section, cfg *Config) {
	mocks := s.child("mocks")
	for _, name := range mocks.names() {
		b, known := cfg.Backends[name]
		switch {
		case !known:
			mocks.fail(name, "there is no backend of this name; one that the guest registers itself belongs to dynamic_mocks")
		case b.Handler != nil:
			mocks.fail(name, "this backend has an answer already")
		}
		b.Handler = mocks.mocks(name)
		if known {
			cfg.Backends[name] = b
		}
	}
	dynamic := s.child("dynamic_mocks")
	if s.has("dynamic_mocks") && len(dynamic.data) == 0 {
		s.fail("dynamic_mocks", "is empty")
	}
	for _, name := range dynamic.names() {
		dynamic.addDynamic(name, &cfg.Dynamic)
	}
}

// addDynamic takes the mocks of a name or host. "*" stands for all others; it
// may also say network = true.
func (s *section) addDynamic(name string, d *Dynamic) {
	if d.Handlers == nil {
		d.Handlers = map[string]http.Handler{}
	}
	table, single := s.data[name].(map[string]any)
	if _, network := table["network"]; single && network && name == "*" {
		others := s.child(name)
		d.Network = get[bool](others, "network")
		others.done()
		return
	}
	for other := range d.Handlers {
		if strings.EqualFold(other, name) {
			s.fail(name, "%q has an answer already", other)
		}
	}
	if name == "*" && d.Handler != nil {
		s.fail(name, "has an answer already")
	}
	mocks := s.mocks(name)
	if name == "*" {
		d.Handler = func(DynamicBackend) http.Handler { return mocks }
		return
	}
	d.Handlers[name] = mocks
}

func (s *section) mocks(name string) (mocks Mocks) {
	path := join(s.path, name)
	s.used[name] = true
	switch v := s.data[name].(type) {
	case []any:
		for i, one := range v {
			mocks = append(mocks, s.file.section(element(path, i), one).mock())
		}
		if len(v) == 0 {
			s.fail(name, "has no mocks")
		}
	case map[string]any:
		mocks = Mocks{s.file.section(path, v).mock()}
	default:
		s.fail(name, "must be a table, or an array of tables")
	}
	return mocks
}

func (s *section) mock() Mock {
	m := Mock{Method: s.notEmpty("method"), Path: s.notEmpty("path"), Status: int(get[int64](s, "status")), Header: s.mockHeader(),
		Fault: FaultKind(s.notEmpty("fault"))}
	if s.has("delay_ms") {
		m.Delay = max(s.milliseconds("delay_ms"), 0)
	}
	body, file := get[string](s, "body"), s.notEmpty("file")
	switch {
	case s.has("body") && s.has("file"):
		s.fail("file", "want either body or file")
	case s.has("body"):
		m.Body = []byte(body)
	case file != "":
		m.Body = s.file.file(join(s.path, "file"), file)
	}
	if s.has("status") && m.Status == 0 {
		s.fail("status", "0 is not between 200 and 599")
	}
	if key, err := m.check(); err != nil {
		s.fail(key, "%v", err)
	}
	s.done()
	return m
}

// mockHeader is a table of texts, or of arrays of texts for a field that is
// there more than once. The fields are in the order of their names.
func (s *section) mockHeader() (header wire.Header) {
	table := s.child("headers")
	for _, name := range table.names() {
		table.used[name] = true
		values, many := table.data[name].([]any)
		if !many {
			values = []any{table.data[name]}
		}
		for _, v := range values {
			text, ok := v.(string)
			if !ok {
				table.fail(name, "must be a string, or an array of strings")
			}
			header.Add(name, text)
		}
	}
	return header
}
