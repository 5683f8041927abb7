package migrate

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// location reads a location other than that of links.
func (n *nginxReading) location(v *service, sc scope, d, main *directive) {
	where := d.last()
	switch {
	case contains(d.block, main):
		n.mainLocation(v, sc, d, main)
	case appleFile(where):
		v.apple = n.appFile(v, sc, d, where)
	case androidFile(where):
		v.android = n.appFile(v, sc, d, where)
	case strings.Contains(where, "acme-challenge"):
		n.known(d.at(), "acme", "certificates are Fastly's from now on: the challenge needs no place of its own")
	case strings.HasPrefix(where, "/robots.txt") || strings.HasPrefix(where, "/favicon.ico") || strings.HasPrefix(where, "/health"):
		n.known(d.at(), "location", "%s goes to the ESP, or is answered by clickedge", clip(where))
	default:
		n.otherLocation(v, sc, d, where)
	}
}

func contains(list []*directive, d *directive) bool {
	return slices.ContainsFunc(list, func(x *directive) bool { return x == d || contains(x.block, d) })
}

func (n *nginxReading) mainLocation(v *service, sc scope, d, main *directive) {
	if !isRoot(d) {
		n.wrong(d.at(), "paths-limited", "only %s went to the ESP: links of other forms, its unsubscribe pages among them, did not", clip(strings.Join(d.args, " ")))
	}
	for _, x := range d.block {
		switch {
		case x.name == "return":
			n.returns(v, x, d.last())
		case x.name == "location":
			n.location(v, sc.inner(x.block), x, main)
		case x != main:
			n.other(v, x)
		}
	}
}

// otherLocation reads a location that sites.json cannot express, except for the
// home page.
func (n *nginxReading) otherLocation(v *service, sc scope, d *directive, where string) {
	if ret := find(d.block, "return"); ret != nil {
		n.returns(v, ret, where)
		return
	}
	if pass := find(d.block, "proxy_pass"); pass != nil {
		if m := passURL.FindStringSubmatch(pass.arg(0)); m != nil && n.upstreams[m[2]] == nil {
			a := parseAddress(m[2], m[1] == "https", pass.at())
			if a.host == v.origin.host {
				n.known(pass.at(), "same-origin", "%s goes to the same origin", clip(where))
				return
			}
		}
		if !n.furtherLocation(v, sc, d, pass) {
			n.lostFurther(pass.at(), clip(where), clip(pass.arg(0)))
		}
		return
	}
	n.lost(d.at(), "location", "location %s", clip(strings.Join(d.args, " ")))
}

// furtherLocation reads a location whose paths are those of another ESP's links,
// and reports whether they are.
func (n *nginxReading) furtherLocation(v *service, sc scope, d, pass *directive) bool {
	m := passURL.FindStringSubmatch(expand(pass.arg(0), sc))
	if m == nil {
		return false
	}
	origin := parseAddress(m[2], true, pass.at())
	if up := n.upstreams[m[2]]; up != nil {
		first := &service{}
		quiet := &nginxReading{reading: &reading{opt: n.opt}, upstreams: n.upstreams}
		quiet.fromUpstream(first, up, true)
		origin = first.origin
	}
	at := locationPaths(d)
	if !at.isFurther(origin) {
		return false
	}
	one := &service{host: v.host, hostAt: d.at()}
	n.origin(one, pass, sc)
	n.headers(one, sc)
	n.settings(one, sc)
	for _, x := range d.block {
		if x != pass && (x.name == "if" || x.name == "rewrite" || x.name == "limit_except" || isCode(x.name)) {
			n.other(one, x)
		}
	}
	v.further = append(v.further, further{one, at, pass.at(), clip(d.last()), clip(pass.arg(0))})
	return true
}

// locationPaths are the paths of a location.
func locationPaths(d *directive) paths {
	switch modifier, where := d.arg(0), d.last(); {
	case modifier == "~":
		return matching(where)
	case modifier == "~*":
		return matching("(?i)" + where)
	case modifier == "=":
		return paths{"", func(path string) bool { return path == where }}
	default:
		return underPrefix(where)
	}
}

// returns reads "return 301 https://…" and similar. where is the location's
// path, "" in the server itself.
func (n *nginxReading) returns(v *service, d *directive, where string) {
	code, to := d.arg(0), d.arg(1)
	if to == "" && strings.HasPrefix(code, "http") {
		code, to = "302", code
	}
	where = cmp.Or(where, "every other request")
	switch {
	case forcesHTTPS(d, v):
		n.forcedHTTPS(d)
	case where == "/" && strings.HasPrefix(to, "https://") && !strings.Contains(to, "$") && len(code) == 3 && code[0] == '3':
		v.home, v.homeAt = to, d.at()
		n.known(d.at(), "home", "/ led to %s; clickedge's pages link to it, and / itself goes to the ESP", clip(to))
	case strings.HasPrefix(code, "3"):
		n.lost(d.at(), "redirect", "%s led to %s", clip(where), clip(to))
	default:
		n.lost(d.at(), "answer", "%s was answered %s here", clip(where), clip(code))
	}
}

// redirectOnly reads a server that does not proxy, if its name is a wanted
// host.
func (n *nginxReading) redirectOnly(s nginxServer) {
	if ret := find(s.d.block, "return"); ret != nil && find(s.d.block, "server_name") == nil {
		// The default server answers for every name, so it belongs to no host.
		n.returns(&service{}, ret, "")
		return
	}
	for _, host := range n.hosts(s) {
		n.host = host.name
		v := &service{host: host.name}
		for _, d := range s.d.block {
			switch {
			case d.name == "return":
				n.returns(v, d, "")
			case d.name == "location" && find(d.block, "return") != nil:
				n.returns(v, find(d.block, "return"), d.last())
			case d.name == "if" || d.name == "rewrite" || isCode(d.name):
				n.other(v, d)
			}
		}
		if !n.seen[host.name] {
			n.lost(host.at, "no-proxy", "the server of %q does not proxy", clip(host.name))
		}
		n.host = ""
	}
}

func appleFile(where string) bool { return strings.Contains(where, "apple-app-site-association") }

func androidFile(where string) bool { return strings.Contains(where, "assetlinks") }

// appFile finds the file that a location serves: the text of a return, or a
// file by alias or root. If it cannot be read, it returns nil and adds a
// finding.
func (n *nginxReading) appFile(v *service, sc scope, d *directive, where string) []byte {
	v.appAt = d.at()
	ret, pass, name := find(d.block, "return"), find(d.block, "proxy_pass"), appFileName(sc, d, where)
	switch {
	case ret != nil && ret.arg(0) == "200" && ret.arg(1) != "" && !strings.Contains(ret.arg(1), "$"):
		return []byte(ret.arg(1))
	case ret != nil:
		n.lost(ret.at(), "app-links", "the app-link file of %s: it is answered %s", clip(where), clip(strings.Join(ret.args, " ")))
	case pass != nil:
		n.lost(d.at(), "app-links", "the app-link file comes from %s: save it, and name it in app_links", clip(pass.arg(0)))
	case name == "":
		n.lost(d.at(), "app-links", "the app-link file of %s: its place is not in the configuration", clip(where))
	case n.opt.Files == nil:
		n.lost(d.at(), "app-links", "the app-link file %q is not read: name it in app_links", clip(name))
	default:
		text, err := n.opt.Files.ReadFile(name)
		if err == nil {
			return text
		}
		n.lost(d.at(), "app-links", "the app-link file %s: %s", clip(name), clip(err.Error()))
	}
	return nil
}

// appFileName is the file that nginx would serve: alias names the file or its
// folder, root the folder of the whole path.
func appFileName(sc scope, d *directive, where string) string {
	if alias := find(d.block, "alias"); alias != nil {
		if strings.HasSuffix(alias.arg(0), "/") {
			return alias.arg(0) + path.Base(where)
		}
		return alias.arg(0)
	}
	if root := sc.find("root"); root != nil && strings.HasPrefix(where, "/") {
		return strings.TrimSuffix(root.arg(0), "/") + where
	}
	return ""
}
