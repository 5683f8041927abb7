package migrate

import (
	"path"
	"slices"
	"strings"
)

// nginx reads an nginx configuration: a whole one, a file of servers, the
// inside of one server, or what "nginx -T" prints.
func (r *reading) nginx(data []byte) error {
	if d := splitDump(data); d != nil {
		r.opt.Files, r.name, data = d, d.main, d.files[d.main]
	}
	n := &nginxReading{reading: r, upstreams: map[string]*directive{}}
	list, err := parseNginx(r.name, data, &n.directives)
	if err != nil {
		return err
	}
	list, err = n.include(list, map[string]bool{r.name: true})
	if err != nil {
		return err
	}
	n.collect(list, nil)
	if len(n.servers) == 0 && slices.ContainsFunc(list, isInsideServer) {
		// The inside of a server, as a file to be included.
		n.servers = append(n.servers, nginxServer{d: &directive{name: "server", block: list, file: r.name, line: 1}})
	}
	if len(n.servers) == 0 && !n.elsewhere {
		r.lost(r.name, "no-server", "there is no server in it")
	}
	n.serve()
	return nil
}

type nginxReading struct {
	*reading
	directives int
	files      int
	upstreams  map[string]*directive
	servers    []nginxServer
	elsewhere  bool // there are servers in blocks other than http
}

// nginxServer is a server block and the blocks around it, the outermost first.
type nginxServer struct {
	d      *directive
	around scope
}

// include replaces include directives by the files' directives. within are the
// files being read, so that none includes itself.
func (n *nginxReading) include(list []*directive, within map[string]bool) ([]*directive, error) {
	var out []*directive
	for _, d := range list {
		var err error
		if d.block != nil {
			if d.block, err = n.include(d.block, within); err != nil {
				return nil, err
			}
		}
		inPlace := []*directive{d}
		if d.name == "include" {
			if inPlace, err = n.included(d, within); err != nil {
				return nil, err
			}
		}
		out = append(out, inPlace...)
	}
	return out, nil
}

// harmlessIncludes are files on which no link depends.
var harmlessIncludes = map[string]bool{
	"mime.types": true, "fastcgi_params": true, "fastcgi.conf": true, "uwsgi_params": true, "scgi_params": true,
	"options-ssl-nginx.conf": true, "ssl-params.conf": true, "ssl.conf": true,
}

func (n *nginxReading) included(d *directive, within map[string]bool) ([]*directive, error) {
	pattern := d.arg(0)
	if harmlessIncludes[path.Base(pattern)] {
		return nil, nil
	}
	if n.opt.Files == nil {
		n.lost(d.at(), "include", "the file %q is not read: give the configuration as a file, not on standard input", clip(pattern))
		return nil, nil
	}
	names, err := n.opt.Files.Glob(pattern)
	if err != nil || len(names) == 0 {
		n.lost(d.at(), "include", "%s", notRead(pattern, err))
		return nil, nil
	}
	var out []*directive
	for _, name := range names {
		if n.files++; within[name] || n.files > maxIncludes {
			n.lost(d.at(), "include", "the file %q is not read: it is included by itself, or is one of more than %d", clip(name), maxIncludes)
			continue
		}
		more, err := n.includedFile(d, name, within)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (n *nginxReading) includedFile(d *directive, name string, within map[string]bool) ([]*directive, error) {
	text, err := n.opt.Files.ReadFile(name)
	if err != nil {
		n.lost(d.at(), "include", "%s", notRead(name, err))
		return nil, nil
	}
	list, err := parseNginx(name, text, &n.directives)
	if err != nil {
		return nil, err
	}
	within[name] = true
	defer delete(within, name)
	return n.include(list, within)
}

func notRead(name string, err error) string {
	why := "there is no such file"
	if err != nil {
		why = err.Error()
	}
	return "the file \"" + clip(name) + "\" is not read: " + clip(why)
}

// collect finds servers and upstreams, with the blocks around them.
func (n *nginxReading) collect(list []*directive, around scope) {
	around = around.inner(list)
	for _, d := range list {
		switch {
		case d.isServer():
			n.servers = append(n.servers, nginxServer{d, around})
		case d.name == "upstream":
			n.upstreams[d.arg(0)] = d
		case d.name == "http":
			n.collect(d.block, around)
		default:
			n.refuseServers(d)
		}
	}
}

// refuseServers adds a finding on the servers of a block other than http, such
// as stream, mail or rtmp: they are not link domains, or cannot be read.
func (n *nginxReading) refuseServers(block *directive) {
	switch {
	case !slices.ContainsFunc(block.block, (*directive).isServer):
		return
	case block.name == "stream":
		n.lost(block.at(), "stream", "the servers of the block \"stream\" pass connections on without reading HTTP, so neither link domain nor path is known there: write the entry of such a domain by hand")
	default:
		n.lost(block.at(), "not-http", "the servers of the block %q are not those of \"http\": they answer no links that could be carried over", clip(block.name))
	}
	n.elsewhere = true
}

func isInsideServer(d *directive) bool {
	return d.name == "proxy_pass" || d.name == "location" || d.name == "server_name"
}

// find returns the last directive of a name, nil for none.
func find(list []*directive, name string) *directive {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].name == name {
			return list[i]
		}
	}
	return nil
}

// isServer reports whether a directive is a server block; a server of an
// upstream has none.
func (d *directive) isServer() bool { return d.name == "server" && d.block != nil }

// scope is the blocks that a request passes through, the outermost first.
type scope [][]*directive

// inner is the scope of a block within.
func (s scope) inner(list []*directive) scope { return append(s[:len(s):len(s)], list) }

// find returns the innermost directive of a name, for one that inner blocks
// override.
func (s scope) find(name string) *directive {
	for i := len(s) - 1; i >= 0; i-- {
		if d := find(s[i], name); d != nil {
			return d
		}
	}
	return nil
}

// all returns the directives of the innermost block that has any: nginx
// inherits proxy_set_header and add_header only where a block has none of its
// own.
func (s scope) all(name string) (list []*directive) {
	for i := len(s) - 1; i >= 0 && list == nil; i-- {
		for _, d := range s[i] {
			if d.name == name {
				list = append(list, d)
			}
		}
	}
	return list
}

func (s scope) isOn(name string) *directive {
	if d := s.find(name); d != nil && strings.EqualFold(d.arg(0), "on") {
		return d
	}
	return nil
}
