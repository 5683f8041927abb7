package migrate

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serve turns every server into services. Those with a proxy come first, as a
// server on port 80 that only redirects has the same name.
func (n *nginxReading) serve() {
	var rest []nginxServer
	for _, s := range n.servers {
		if !n.proxied(s) {
			rest = append(rest, s)
		}
	}
	for _, s := range rest {
		n.redirectOnly(s)
	}
}

// proxied reads a server that proxies, and reports whether it does.
func (n *nginxReading) proxied(s nginxServer) bool {
	sc := s.around.inner(s.d.block)
	main, mainScope := n.mainProxy(sc, s.d.block)
	if main == nil {
		// The inside of a location, as a file to be included.
		main, mainScope = find(s.d.block, "proxy_pass"), sc
	}
	if main == nil {
		return false
	}
	for _, host := range n.hosts(s) {
		n.host = host.name
		v := &service{host: host.name, hostAt: host.at}
		n.origin(v, main, mainScope)
		n.headers(v, mainScope)
		n.settings(v, mainScope)
		n.codeAround(s.around)
		n.otherDirectives(v, sc, s.d.block, main)
		n.addSite(v)
	}
	return true
}

func (n *nginxReading) hosts(s nginxServer) (list []named) {
	explicit := false
	for _, d := range s.d.block {
		if d.name != "server_name" {
			continue
		}
		for _, arg := range d.args {
			name := strings.ToLower(strings.TrimSuffix(arg, "."))
			switch {
			case name == "_" || name == "":
			case strings.HasPrefix(name, "~") || strings.Contains(name, "*") || strings.HasPrefix(name, "."):
				n.namePattern(d.at(), arg)
			case !n.wants(name):
				explicit = true
			case !slices.ContainsFunc(list, func(h named) bool { return h.name == name }):
				list = append(list, named{name, d.at()})
			}
		}
	}
	// A server without a name, or with patterns only, is for the hosts given
	// with --host.
	if len(list) == 0 && !explicit {
		return n.givenHosts(s.d.at(), "the server has no name that a link domain can have: give it with --host")
	}
	return list
}

// mainProxy finds the proxy_pass for links: that of "location /", else of the
// first location that has one.
func (n *nginxReading) mainProxy(sc scope, block []*directive) (first *directive, firstScope scope) {
	for _, d := range block {
		if d.name != "location" {
			continue
		}
		inner := sc.inner(d.block)
		pass := find(d.block, "proxy_pass")
		if pass == nil {
			pass, inner = n.mainProxy(inner, d.block)
		}
		switch {
		case pass != nil && isRoot(d):
			return pass, inner
		case first == nil:
			first, firstScope = pass, inner
		}
	}
	return first, firstScope
}

// isRoot reports whether a location is for every path.
func isRoot(d *directive) bool {
	switch d.arg(0) {
	case "/", "^~/":
		return true
	case "^~":
		return d.arg(1) == "/"
	case "~", "~*":
		return d.arg(1) == "/" || d.arg(1) == "^/" || d.arg(1) == "^/(.*)$" || d.arg(1) == ".*"
	}
	return false
}

var passURL = regexp.MustCompile(`^(https?|\$scheme)://([^/?#$]+)(.*)$`)

func (n *nginxReading) origin(v *service, pass *directive, sc scope) {
	m := passURL.FindStringSubmatch(expand(pass.arg(0), sc))
	if m == nil {
		v.origin = address{at: pass.at()}
		n.lost(pass.at(), "proxy-pass", "%q is not read: it is made of variables, or leads to no web server", clip(pass.arg(0)))
		return
	}
	n.rest(v, pass, m[3])
	secure := m[1] == "https" || m[1] == "$scheme"
	if m[1] == "$scheme" {
		n.wrong(pass.at(), "scheme-of-reader", "the ESP was asked over the reader's scheme, over http for old mail")
	}
	if up := n.upstreams[m[2]]; up != nil {
		n.fromUpstream(v, up, secure)
		return
	}
	v.origin = parseAddress(m[2], secure, pass.at())
}

// expand replaces variables by the values of "set".
func expand(text string, sc scope) string {
	for range 4 {
		changed := false
		for _, block := range sc {
			for _, d := range block {
				if name := d.arg(0); d.name == "set" && len(name) > 1 && name[0] == '$' && len(text) < 4096 {
					next := replaceVariable(text, name[1:], d.arg(1))
					changed, text = changed || next != text, next
				}
			}
		}
		if !changed {
			break
		}
	}
	return text
}

func replaceVariable(text, name, value string) string {
	text = strings.ReplaceAll(text, "${"+name+"}", value)
	i := strings.Index(text, "$"+name)
	if i < 0 {
		return text
	}
	end := i + 1 + len(name)
	if end < len(text) && (text[end] == '_' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] >= '0' && text[end] <= '9') {
		return text
	}
	return text[:i] + value + text[end:]
}

// rest reads what follows the host in proxy_pass ("ngx_http_proxy_module,
// proxy_pass": without a URI the request's is sent unchanged; with one, nginx
// sends the decoded and normalised path).
func (n *nginxReading) rest(v *service, pass *directive, uri string) {
	if dropsQuery(uri) {
		v.noQuery = pass.at()
	}
	switch {
	case uri == "" || uri == "$request_uri":
	case uri == "/":
		n.wrong(pass.at(), "path-decoded", "the / after the host made nginx decode and normalise the path: links with %%2F, // or .. arrived changed")
	case strings.Contains(uri, "$uri") || strings.Contains(uri, "$document_uri"):
		n.wrong(pass.at(), "path-decoded", "$uri is the decoded path: links with %%2F, // or .. arrived changed")
	default:
		n.wrong(pass.at(), "path-rewritten", "the path %q was put before or in place of the link's own", clip(uri))
	}
}

// dropsQuery reports whether the query is not sent: nginx sends a URI with
// variables as it is, and does not add the query.
func dropsQuery(uri string) bool {
	kept := []string{"$request_uri", "$args", "$query_string"}
	return strings.Contains(uri, "$") &&
		!slices.ContainsFunc(kept, func(name string) bool { return strings.Contains(uri, name) })
}

// fromUpstream takes the servers of an upstream: the first that is no backup,
// then the others.
func (n *nginxReading) fromUpstream(v *service, up *directive, secure bool) {
	var backups []address
	for _, d := range up.block {
		if isCode(d.name) {
			n.other(v, d)
		}
		if d.name != "server" || slices.Contains(d.args, "down") {
			continue
		}
		a := parseAddress(d.arg(0), secure, d.at())
		switch {
		case slices.Contains(d.args, "backup"):
			backups = append(backups, a)
		case v.origin.host == "":
			v.origin = a
		default:
			v.others = append(v.others, a)
		}
	}
	v.others = append(v.others, backups...)
	if v.origin.host == "" {
		v.origin.at = up.at()
	}
}

func parseAddress(text string, secure bool, at string) address {
	a := address{at: at, tls: secure, host: strings.ToLower(strings.TrimSuffix(text, "."))}
	if i := strings.LastIndexByte(text, ':'); i > 0 && !strings.HasSuffix(text, "]") {
		if port, err := strconv.ParseUint(text[i+1:], 10, 16); err == nil {
			a.host, a.port = strings.ToLower(text[:i]), uint16(port)
		}
	}
	return a
}

func (n *nginxReading) headers(v *service, sc scope) {
	pass := sc.find("proxy_pass")
	// nginx sends $proxy_host by default.
	v.hosting, v.whoAt = hostOrigin, pass.at()
	v.cookies, v.cookiesAt = cookiesPass, pass.at()
	v.noAddress = pass.at()
	for _, d := range sc.all("proxy_set_header") {
		value := expand(d.arg(1), sc)
		switch strings.ToLower(d.arg(0)) {
		case "host":
			v.hosting, v.whoAt = hostingOf(value, v), d.at()
		case "x-forwarded-host":
			n.forwardsHost(v, value, d.at())
		case "x-forwarded-for":
			if value != "" {
				v.noAddress = ""
			}
		case "cookie":
			if v.cookiesAt = d.at(); value == "" {
				v.cookies = cookiesStrip
			}
		case "accept-encoding", "connection", "upgrade", "x-real-ip", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-ssl", "x-scheme":
		default:
			v.fields = append(v.fields, requestField{d.arg(0), value, d.at()})
		}
	}
	if d := sc.find("proxy_pass_request_headers"); d != nil && d.arg(0) == "off" {
		n.wrong(d.at(), "fields-dropped", "no field of the reader reached the ESP, User-Agent among them")
		v.cookies, v.cookiesAt = cookiesStrip, d.at()
	}
}

func hostingOf(value string, v *service) hosting {
	name := strings.ToLower(value)
	switch {
	case name == "$host" || name == "$http_host" || name == "$server_name" || name == v.host || name == "$host:$server_port":
		return hostBranded
	case name == "$proxy_host" || name == "$proxy_host:$proxy_port" || name == v.origin.host || name == "":
		return hostOrigin
	}
	return hostOther
}

// settings reads other settings with which a proxy can harm links.
func (n *nginxReading) settings(v *service, sc scope) {
	if v.origin.tls {
		n.tls(v, sc)
	}
	if d := sc.find("proxy_read_timeout"); d != nil {
		v.timeout, v.timeoutAt = nginxTime(d.arg(0)), d.at()
	}
	if d := sc.find("proxy_cache"); d != nil && d.arg(0) != "off" {
		n.wrong(d.at(), "redirects-cached", "answers of the ESP were kept: a click that is answered from a cache is not counted")
	}
	if d := sc.find("proxy_redirect"); d != nil && d.arg(0) != "off" && d.arg(0) != "default" {
		n.wrong(d.at(), "location-rewritten", "Location was changed on its way back")
	}
	if d := sc.find("proxy_method"); d != nil {
		n.wrong(d.at(), "method-changed", "every request was sent as %q", clip(d.arg(0)))
	}
	if d := sc.find("proxy_pass_request_body"); d != nil && d.arg(0) == "off" {
		n.wrong(d.at(), "body-dropped", "bodies did not reach the ESP, so that one-click unsubscribes (RFC 8058) failed")
	}
	if d := sc.find("expires"); d != nil && d.arg(0) != "off" && d.arg(0) != "-1" && d.arg(0) != "epoch" {
		n.wrong(d.at(), "redirects-cached", "browsers were told to keep the answers: the next click is not counted")
	}
	if d := sc.isOn("gzip"); d != nil {
		n.known(d.at(), "gzip", "compression; a redirect has nothing to compress")
	}
	n.answers(sc)
}

// tls reads the TLS settings towards the ESP ("ngx_http_proxy_module":
// proxy_ssl_server_name and proxy_ssl_verify are off by default, proxy_ssl_name
// is $proxy_host).
func (n *nginxReading) tls(v *service, sc scope) {
	pass := sc.find("proxy_pass")
	if sc.isOn("proxy_ssl_server_name") == nil {
		n.wrong(cmp.Or(sc.find("proxy_ssl_server_name"), pass).at(), "no-sni", "no name was sent in the TLS handshake (proxy_ssl_server_name is off by default): an ESP that has many shows another's certificate, and SparkPost ends the connection")
	}
	if d := sc.find("proxy_ssl_name"); d != nil {
		if name := strings.ToLower(expand(d.arg(0), sc)); name != "$proxy_host" && name != v.origin.host {
			n.wrong(d.at(), "sni", "the name in the TLS handshake was %q, not that of the ESP's origin", clip(d.arg(0)))
		}
	}
	if sc.isOn("proxy_ssl_verify") == nil {
		n.wrong(cmp.Or(sc.find("proxy_ssl_verify"), pass).at(), "tls-not-verified", "the certificate of the ESP was not verified (proxy_ssl_verify is off by default)")
	}
}

// answers reads the changes to the answer.
func (n *nginxReading) answers(sc scope) {
	for _, d := range sc.all("add_header") {
		switch name := strings.ToLower(d.arg(0)); {
		case name == "strict-transport-security":
			n.wrong(d.at(), "hsts", "https was forced on browsers for the link domain: links of old mail begin with http, and one wrong certificate then stops them all")
		case name == "cache-control" && !strings.Contains(d.arg(1), "no-"):
			n.wrong(d.at(), "redirects-cached", "browsers were told to keep the answers: the next click is not counted")
		case name != "cache-control":
			n.lost(d.at(), "response-field", "the response field %q", clip(d.arg(0)))
		}
	}
	for _, d := range sc.all("proxy_hide_header") {
		n.lost(d.at(), "response-field", "the response field %q was hidden", clip(d.arg(0)))
	}
}

// quiet are directives that need no finding: they are about the server itself,
// or do what clickedge does anyway.
var quiet = regexp.MustCompile(`^(listen|server_name|server_tokens|ssl.*|http2.*|http3.*|quic.*|root|index|charset|default_type|access_log|error_log|log_.*|` +
	`client_.*|keepalive.*|send_timeout|sendfile|tcp_.*|resolver.*|large_client_.*|underscores_in_headers|merge_slashes|` +
	`proxy_.*|add_header|expires|gzip.*|set|types|etag|if_modified_since|open_file_cache.*|more_clear_headers|try_files|break|include|server|upstream|location|` +
	`set_real_ip_from|real_ip_.*|reset_timedout_connection|lingering.*|absolute_redirect|port_in_redirect|internal|satisfy)$`)

func (n *nginxReading) otherDirectives(v *service, sc scope, block []*directive, main *directive) {
	for _, d := range block {
		switch {
		case d == main || d.name == "location":
		case d.name == "return":
			n.returns(v, d, "")
		default:
			n.other(v, d)
		}
	}
	for _, d := range block {
		if d.name == "location" {
			n.location(v, sc.inner(d.block), d, main)
		}
	}
}

// other adds a finding on a directive that is not quiet.
func (n *nginxReading) other(v *service, d *directive) {
	condition := strings.Join(d.args, " ")
	ret := find(d.block, "return")
	switch {
	case isCode(d.name):
		n.lost(d.at(), "code", "%s: code runs here; it is not read", clip(d.name))
	case d.name == "if" && ofAnotherHost(condition, v):
	case d.name == "if" && ret != nil && forcesHTTPS(ret, v):
		n.forcedHTTPS(d)
	case d.name == "if" && strings.Contains(condition, "$request_method"):
		v.noPost = d.at()
		n.lost(d.at(), "if", "if %s", clip(condition))
	case d.name == "if" && strings.Contains(condition, "$http_user_agent"):
		n.wrong(d.at(), "user-agents-refused", "some user agents got another answer: ESPs' own checks (Customer.io/…) and mailbox providers' one-click unsubscribes look like bots")
	case d.name == "if" && strings.Contains(condition, "$scheme") || d.name == "if" && strings.Contains(condition, "$https"):
		n.forcedHTTPS(d)
	case d.name == "limit_except":
		v.noPost = d.at()
	case d.name == "rewrite" && forcesHTTPS(&directive{args: d.args[:min(2, len(d.args))]}, v):
		n.forcedHTTPS(d)
	case d.name == "rewrite":
		n.wrong(d.at(), "path-rewritten", "paths were rewritten: %s", clip(condition))
	case d.name == "limit_req" || d.name == "limit_conn" || d.name == "deny" || d.name == "allow" || d.name == "auth_basic":
		n.wrong(d.at(), "filter", "%s %s: readers behind one address, and mailbox providers, may be turned away", d.name, clip(condition))
	case !quiet.MatchString(d.name):
		n.lost(d.at(), "directive", "%s %s", clip(d.name), clip(condition))
	}
}

// hostCondition is the condition of Certbot's blocks, one in a server for each
// of its names.
var hostCondition = regexp.MustCompile(`^\(\s*\$(?:http_)?host\s*=\s*([^$\s)]+)\s*\)$`)

// ofAnotherHost reports whether a condition is about another name of the
// server. It is read with that name.
func ofAnotherHost(condition string, v *service) bool {
	m := hostCondition.FindStringSubmatch(condition)
	return m != nil && v.host != "" && !strings.EqualFold(m[1], v.host)
}

// codeDirective are the directives by which OpenResty, njs and Perl run code
// (lua-nginx-module, "Directives"; ngx_http_js_module; ngx_http_perl_module).
var codeDirective = regexp.MustCompile(`^(\w+_by_lua(_block|_file)?|js_\w+|perl\w*)$`)

func isCode(name string) bool { return codeDirective.MatchString(name) }

// codeAround adds findings on code in the blocks around a server. Code that
// runs when nginx starts does not affect requests.
func (n *nginxReading) codeAround(around scope) {
	for _, block := range around {
		for _, d := range block {
			if isCode(d.name) && !strings.HasPrefix(d.name, "init_") && !strings.HasPrefix(d.name, "exit_") && d.name != "js_import" && d.name != "js_path" {
				n.other(&service{}, d)
			}
		}
	}
}

func (n *nginxReading) forcedHTTPS(d *directive) {
	n.wrong(d.at(), "forced-https", "http was redirected to https: one more request for every link of old mail, and its POSTs were lost")
}

// sameLink matches a URL whose rest after the host is that of the request.
var sameLink = regexp.MustCompile(`^https://([^/$]+|\$\w+?)(?::443)?(?:/?\$(?:request_uri|uri|document_uri|\d)\S*)$`)

// forcesHTTPS reports whether a return leads to the same link with https. The
// host is a variable, or the name itself as with Certbot.
func forcesHTTPS(ret *directive, v *service) bool {
	m := sameLink.FindStringSubmatch(ret.last())
	return m != nil && (m[1] == "$host" || m[1] == "$http_host" || m[1] == "$server_name" || v.host != "" && strings.EqualFold(m[1], v.host))
}

// nginxTime reads "30s", "500ms", "1m", "60" and sums such as "1m30s". Units
// that Go does not have ("1d") are too long for a reader anyway.
func nginxTime(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 1e6 {
		return time.Duration(n) * time.Second
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 24 * time.Hour
	}
	return d
}
