package migrate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fastlyFile is what the API answers to GET /service/ID/details, or one version
// of it with its parts, or what "fastly service describe --json" and the like
// print: the names of fields are compared without "_" and case. Only what a
// link depends on is read, so not the keys and certificates of backends.
type fastlyFile struct {
	ActiveVersion *fastlyVersion `json:"activeversion"`
	Version       json.RawMessage
	fastlyVersion
}

type fastlyVersion struct {
	Domains         []struct{ Name looseText }
	Backends        []fastlyBackend
	Headers         []fastlyHeader
	RequestSettings []fastlyRequest   `json:"requestsettings"`
	CacheSettings   []fastlyCache     `json:"cachesettings"`
	ResponseObjects []fastlyResponse  `json:"responseobjects"`
	Conditions      []fastlyCondition `json:"conditions"`
	VCLs            []fastlyVCL
	Snippets        []fastlyVCL
	Gzips           []struct{ Name looseText }
	Settings        fastlySettings
}

type fastlyBackend struct {
	Name, Address, Hostname looseText
	Port                    looseInt
	UseSSL                  looseBool  `json:"usessl"`
	CheckCert               *looseBool `json:"sslcheckcert"`
	SNI                     looseText  `json:"sslsnihostname"`
	CertName                looseText  `json:"sslcerthostname"`
	OverrideHost            looseText  `json:"overridehost"`
	Condition               looseText  `json:"requestcondition"`
	FirstByte               looseInt   `json:"firstbytetimeout"`
}

type fastlyHeader struct {
	Name, Action, Type, Dst, Src looseText
	Destination, Source          looseText
	Condition                    looseText `json:"requestcondition"`
}

// fixed returns the field that a rule sets on every request to the origin, and
// its value; "" for a rule of another kind, or with a value made of the request.
func (h *fastlyHeader) fixed() (name, value string) {
	name, isField := strings.CutPrefix(string(h.Dst+h.Destination), "http.")
	src := strings.TrimSpace(string(h.Src + h.Source))
	if !isField || h.Action != "set" || h.Condition != "" || !h.onRequest() || len(src) < 2 || src[0] != '"' ||
		strings.IndexByte(src[1:], '"') != len(src)-2 {
		return "", ""
	}
	return name, src[1 : len(src)-1]
}

func (h *fastlyHeader) onRequest() bool {
	return h.Type == "request" || h.Type == "miss" || h.Type == "pass" || h.Type == "fetch"
}

type fastlyRequest struct {
	Name, Action looseText
	ForceSSL     looseBool `json:"forcessl"`
	ForceMiss    looseBool `json:"forcemiss"`
	DefaultHost  looseText `json:"defaulthost"`
	Condition    looseText `json:"requestcondition"`
}

type fastlyCache struct {
	Name, Action looseText
	TTL          looseInt
}

type fastlyResponse struct {
	Name, Content, Status looseText
	Condition             looseText `json:"requestcondition"`
}

type fastlyCondition struct{ Name, Statement looseText }

type fastlyVCL struct {
	Name, Content, Type looseText
	Dynamic             looseText
	Main                looseBool
}

type fastlySettings struct {
	DefaultHost looseText `json:"general.defaulthost"`
	DefaultTTL  *looseInt `json:"general.defaultttl"`
}

func (r *reading) fastly(data []byte) error {
	var raw json.RawMessage
	if err := decodeJSON(r.name, data, &raw); err != nil {
		return err
	}
	var f fastlyFile
	if err := json.Unmarshal(foldNames(raw), &f); err != nil {
		return &Error{Name: r.name, Problem: "it is no service: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	path, v := f.version()
	if v == nil {
		return &Error{Name: r.name, Problem: "it is no service with its parts: there are no backends in it",
			Hint: "curl -H \"Fastly-Key: …\" https://api.fastly.com/service/ID/details >service.json prints one"}
	}
	s := &fastlyReading{reading: r, fastlyVersion: v, jsonPath: jsonPath(path)}
	s.read()
	return nil
}

// version picks the active version before the newest.
func (f *fastlyFile) version() (string, *fastlyVersion) {
	if v := f.ActiveVersion; v != nil && len(v.Backends) > 0 {
		return "active_version.", v
	}
	if len(f.Version) > 0 && f.Version[0] == '{' {
		var v fastlyVersion
		if json.Unmarshal(f.Version, &v) == nil && len(v.Backends) > 0 {
			return "version.", &v
		}
	}
	if len(f.Backends) > 0 {
		return "", &f.fastlyVersion
	}
	return "", nil
}

// foldNames removes "_" from the names of members, so that encoding/json
// matches both the API's names and those of Fastly's Go client.
func foldNames(raw json.RawMessage) json.RawMessage {
	return jsonString.ReplaceAllFunc(raw, func(text []byte) []byte {
		if !bytes.HasSuffix(text, []byte(":")) {
			return text
		}
		return bytes.ReplaceAll(text, []byte("_"), nil)
	})
}

// jsonString matches a string, with the colon where it is a member's name.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(?:\s*:)?`)

type fastlyReading struct {
	*reading
	*fastlyVersion
	jsonPath
}

func (s *fastlyReading) read() {
	for _, host := range s.hosts() {
		s.host = host.name
		v := &service{host: host.name, hostAt: host.at, hosting: hostBranded, cookies: cookiesPass}
		s.backends(v)
		s.requests(v)
		for _, f := range v.further {
			s.requests(f.service)
		}
		s.responses(v)
		s.addSite(v)
	}
}

// requests reads what is done to requests, whichever backend they go to.
func (s *fastlyReading) requests(v *service) {
	s.settings(v)
	s.headers(v)
	s.code(v)
}

func (s *fastlyReading) hosts() []named {
	var names []named
	for i, d := range s.Domains {
		names = append(names, named{strings.ToLower(string(d.Name)), s.at("domains[%d].name", i)})
	}
	return s.linkDomains(names, s.at("domains"), "the service has no domain: give the link domain with --host")
}

// backends takes the first backend without a condition, or else the first, as
// the origin of links.
func (s *fastlyReading) backends(v *service) {
	main := 0
	for i := len(s.Backends) - 1; i >= 0; i-- {
		if s.Backends[i].Condition == "" {
			main = i
		}
	}
	for i := range s.Backends {
		b := &s.Backends[i]
		a := s.address(b, i)
		switch {
		case i == main:
			v.origin = a
			s.backend(v, b, i)
		case b.Condition != "" && s.furtherBackend(v, b, i):
		case b.Condition != "":
			s.lost(a.at, "another-origin", "the backend %q goes with the condition %q", clip(string(b.Name)), clip(string(b.Condition)))
		default:
			v.others = append(v.others, a)
		}
	}
}

// furtherBackend reads a backend whose condition is for the paths of its ESP's
// links, and reports whether it is.
func (s *fastlyReading) furtherBackend(v *service, b *fastlyBackend, i int) bool {
	a, at := s.address(b, i), vclPaths(s.condition(string(b.Condition)))
	if !at.isFurther(a) {
		return false
	}
	one := &service{host: v.host, hostAt: v.hostAt, origin: a, hosting: hostBranded, cookies: cookiesPass}
	s.backend(one, b, i)
	v.further = append(v.further, further{one, at, a.at, clip(s.condition(string(b.Condition))), fmt.Sprintf("the backend %q", clip(string(b.Name)))})
	return true
}

// vclPart is one comparison of a condition with the request's path.
var vclPart = regexp.MustCompile(`^\s*\(?\s*req\.url(?:\.path)?\s*(~|==)\s*(?:"([^"]*)"|\{"([^"]*)"\})\s*\)?\s*$`)

// vclPaths are the paths of a condition that compares the path alone; none for
// any other.
func vclPaths(condition string) paths {
	var list []paths
	for part := range strings.SplitSeq(condition, "||") {
		m := vclPart.FindStringSubmatch(part)
		if m == nil {
			return paths{}
		}
		if text := m[2] + m[3]; m[1] == "~" {
			list = append(list, matching(text))
		} else {
			list = append(list, paths{"", func(path string) bool { return path == text }})
		}
	}
	return paths{"", func(path string) bool {
		return slices.ContainsFunc(list, func(p paths) bool { return p.fits != nil && p.fits(path) })
	}}
}

func (s *fastlyReading) address(b *fastlyBackend, i int) address {
	host := string(cmp.Or(b.Address, b.Hostname))
	a := address{at: s.at("backends[%d].address", i), tls: bool(b.UseSSL), host: strings.ToLower(strings.TrimSuffix(host, "."))}
	if b.Port > 0 && b.Port < 65536 {
		a.port = uint16(b.Port)
	}
	return a
}

func (s *fastlyReading) backend(v *service, b *fastlyBackend, i int) {
	v.whoAt, v.cookiesAt = s.at("backends[%d].override_host", i), s.at("headers")
	if b.OverrideHost != "" {
		v.hosting = hostingOf(string(b.OverrideHost), v)
	}
	if b.UseSSL {
		if b.SNI == "" {
			s.wrong(s.at("backends[%d].ssl_sni_hostname", i), "no-sni", "no name was sent in the TLS handshake: an ESP that has many shows another's certificate, and SparkPost ends the connection")
		} else if !strings.EqualFold(string(b.SNI), v.origin.host) {
			s.wrong(s.at("backends[%d].ssl_sni_hostname", i), "sni", "the name in the TLS handshake was %q, not that of the ESP's origin", clip(string(b.SNI)))
		}
		if b.CheckCert != nil && !bool(*b.CheckCert) {
			s.wrong(s.at("backends[%d].ssl_check_cert", i), "tls-not-verified", "the certificate of the ESP was not verified")
		} else if b.CertName != "" && !strings.EqualFold(string(b.CertName), v.origin.host) {
			s.wrong(s.at("backends[%d].ssl_cert_hostname", i), "cert-name", "the certificate was checked against %q, not against the name of the ESP's origin", clip(string(b.CertName)))
		}
	}
	// 15 seconds is Fastly's default, so it is not carried over.
	if b.FirstByte != 0 && b.FirstByte != 15000 {
		v.timeout, v.timeoutAt = time.Duration(b.FirstByte)*time.Millisecond, s.at("backends[%d].first_byte_timeout", i)
	}
}

// settings reads what holds for every request.
func (s *fastlyReading) settings(v *service) {
	if host := string(s.Settings.DefaultHost); host != "" {
		v.hosting, v.whoAt = hostingOf(host, v), s.at("settings.general.default_host")
	}
	passes := s.vclPasses()
	for i, q := range s.RequestSettings {
		in := func(field string) string { return s.at("request_settings[%d].%s", i, field) }
		if q.ForceSSL {
			s.wrong(in("force_ssl"), "forced-https", "http was redirected to https: one more request for every link of old mail, and its POSTs were lost")
		}
		if q.DefaultHost != "" {
			v.hosting, v.whoAt = hostingOf(string(q.DefaultHost), v), in("default_host")
		}
		passes = passes || q.Action == "pass" && q.Condition == ""
	}
	for i, c := range s.CacheSettings {
		if c.Action == "pass" {
			passes = true
		} else if c.TTL > 0 {
			s.wrong(s.at("cache_settings[%d].ttl", i), "redirects-cached", "answers were kept for %d seconds: clicks in that time are not counted", c.TTL)
		}
	}
	if ttl := s.Settings.DefaultTTL; !passes && (ttl == nil || *ttl > 0) {
		s.wrong(s.at("request_settings"), "redirects-cached", "nothing lets requests pass: Fastly keeps answers of 301, 302 and 404 without Cache-Control for the default TTL, and clicks in that time are not counted")
	}
	if len(s.Gzips) > 0 {
		s.known(s.at("gzips"), "gzip", "compression; a redirect has nothing to compress")
	}
}

func (s *fastlyReading) headers(v *service) {
	for i, h := range s.Headers {
		at := s.at("headers[%d]", i)
		dst, src := strings.ToLower(string(h.Dst+h.Destination)), strings.Trim(string(h.Src+h.Source), `" `)
		switch {
		case dst == "http.host" && h.onRequest():
			v.hosting, v.whoAt = hostingOf(vclHost(src), v), at
		case dst == "http.x-forwarded-host" && h.Action == "set":
			s.forwardsHost(v, vclHost(src), at)
		case dst == "http.cookie" && h.Action == "delete":
			v.cookies, v.cookiesAt = cookiesStrip, at
		case dst == "url" || dst == "req.url":
			s.wrong(at, "path-rewritten", "the path or query of links was rewritten: %s", clip(src))
		case dst == "http.strict-transport-security" && h.Action != "delete":
			s.wrong(at, "hsts", "https was forced on browsers for the link domain: links of old mail begin with http, and one wrong certificate then stops them all")
		default:
			if name, value := h.fixed(); name != "" {
				v.fields = append(v.fields, requestField{name, value, at})
				continue
			}
			s.lost(at, "field", "%s %s %s", clip(string(h.Type)), clip(string(h.Action)), clip(dst))
		}
	}
}

// vclHost writes a VCL variable for the reader's Host as nginx's variable.
func vclHost(src string) string {
	switch strings.ToLower(src) {
	case "req.http.host", "bereq.http.host":
		return "$host"
	}
	return src
}

// What VCL does to requests, line by line. It is matched, not parsed: a line in
// a branch that never runs gets a finding as well.
var (
	vclPass   = regexp.MustCompile(`(?i)return\s*\(\s*pass\s*\)`)
	vclSet    = regexp.MustCompile(`(?i)^\s*set\s+(?:be)?req\.(http\.[\w-]+|url)\s*=\s*(.+?)\s*;`)
	vclUnset  = regexp.MustCompile(`(?i)^\s*(?:unset|remove)\s+(?:be)?req\.(http\.[\w-]+)`)
	vclError  = regexp.MustCompile(`(?i)^\s*error\s+(\d+)`)
	vclTTL    = regexp.MustCompile(`(?i)^\s*set\s+beresp\.ttl\s*=\s*([1-9]\w*)`)
	vclHSTS   = regexp.MustCompile(`(?i)^\s*(?:set|add)\s+(?:resp|beresp|obj)\.http\.Strict-Transport-Security`)
	vclAgents = regexp.MustCompile(`(?i)req\.http\.User-Agent\s*~`)
)

func (s *fastlyReading) vclPasses() bool {
	return slices.ContainsFunc(slices.Concat(s.VCLs, s.Snippets), func(v fastlyVCL) bool {
		return vclPass.MatchString(uncomment(string(v.Content)))
	})
}

// lineComment is a comment that fills a line.
var lineComment = regexp.MustCompile(`(?m)^[\t\v\f\r ]*(?:#|//).*$`)

func uncomment(vcl string) string { return lineComment.ReplaceAllString(vcl, "") }

// boilerplate are the lines that Fastly's own template has.
var boilerplate = regexp.MustCompile(`(?i)^\s*(?:set|unset)\s+(?:be)?req\.http\.(?:Fastly-|X-Forwarded-For|X-Varnish|X-Real-IP)`)

func (s *fastlyReading) code(v *service) {
	for i, vcl := range s.VCLs {
		s.lines(v, string(vcl.Content), s.at("vcls[%d]", i))
	}
	for i, vcl := range s.Snippets {
		if vcl.Content == "" {
			s.lost(s.at("snippets[%d]", i), "code", "the dynamic snippet %q: its text is not in the JSON", clip(string(vcl.Name)))
		}
		s.lines(v, string(vcl.Content), s.at("snippets[%d]", i))
	}
}

func (s *fastlyReading) lines(v *service, vcl, path string) {
	for n, line := range strings.Split(uncomment(vcl), "\n") {
		if boilerplate.MatchString(line) {
			continue
		}
		s.line(v, line, fmt.Sprintf("%s.content line %d", path, n+1))
	}
	if appleFile(vcl) || androidFile(vcl) {
		s.lost(path+".content", "app-links", "app-link files are made in VCL: save them, and name them in app_links")
	}
}

func (s *fastlyReading) line(v *service, line, at string) {
	set, unset := vclSet.FindStringSubmatch(line), vclUnset.FindStringSubmatch(line)
	switch {
	case set != nil && strings.EqualFold(set[1], "http.host"):
		v.hosting, v.whoAt = hostingOf(vclHost(strings.Trim(set[2], `"`)), v), at
	case set != nil && strings.EqualFold(set[1], "http.x-forwarded-host"):
		s.forwardsHost(v, vclHost(strings.Trim(set[2], `"`)), at)
	case set != nil && strings.EqualFold(set[1], "url"):
		s.wrong(at, "path-rewritten", "the path or query of links was rewritten: %s", clip(set[2]))
	case unset != nil && strings.EqualFold(unset[1], "http.cookie"):
		v.cookies, v.cookiesAt = cookiesStrip, at
	case vclHSTS.MatchString(line):
		s.wrong(at, "hsts", "https was forced on browsers for the link domain: links of old mail begin with http, and one wrong certificate then stops them all")
	case vclTTL.MatchString(line):
		s.wrong(at, "redirects-cached", "answers were kept: clicks in that time are not counted")
	case vclAgents.MatchString(line):
		s.wrong(at, "user-agents-refused", "some user agents got another answer: ESPs' own checks (Customer.io/…) and mailbox providers' one-click unsubscribes look like bots")
	case vclError.MatchString(line):
		s.lost(at, "answer", "%s", clip(strings.TrimSpace(line)))
	}
}

// responses carries app-link files over and adds findings on the rest.
func (s *fastlyReading) responses(v *service) {
	for i, o := range s.ResponseObjects {
		at, when := s.at("response_objects[%d]", i), s.condition(string(o.Condition))
		switch {
		case (o.Status == "200" || o.Status == "") && appleFile(when) && o.Content != "":
			v.apple, v.appAt = []byte(o.Content), at
		case (o.Status == "200" || o.Status == "") && androidFile(when) && o.Content != "":
			v.android, v.appAt = []byte(o.Content), at
		default:
			s.lost(at, "answer", "the answer %q, %s", clip(string(o.Name)), clip(string(o.Status)))
		}
	}
}

func (s *fastlyReading) condition(name string) string {
	for _, c := range s.Conditions {
		if string(c.Name) == name {
			return string(c.Statement)
		}
	}
	return name
}
