package doctortest

// What each server is told where all is well. The fixes of the catalogue are
// tried against these: see serverCases.
const (
	apacheGood  = "ProxyPreserveHost On\n\tSSLProxyCheckPeerName off\n\tAllowEncodedSlashes NoDecode\n\tMergeSlashes Off\n\tLimitRequestFieldSize 16380"
	apacheProxy = "ProxyPass \"/\" \"https://{origin}/\" nocanon"

	caddyTLS = "transport http {\n\t\t\ttls\n\t\t\ttls_server_name {esp}\n\t\t\ttls_trusted_ca_certs {dir}/esp.pem\n\t\t}"

	haproxyGood   = "option accept-invalid-http-request"
	varnishGood   = "return (pass);"
	haproxyServer = "server esp {origin} ssl verify required ca-file {dir}/esp.pem sni str({esp})"
)

func caddyProxy(more string) string {
	return "reverse_proxy https://{origin} {\n\t\t" + more + "\n\t\t" + caddyTLS + "\n\t}"
}

// behindServer makes a set-up of what a server is told; server and proxy are
// {server} and {proxy} of its configuration.
func behindServer(front Front, name, wrong, preset, server, proxy string, want ...string) Setup {
	s := Setup{Name: string(front) + "-" + name, Wrong: wrong, Front: front, Preset: preset, Secure: server, Plain: proxy, Want: want}
	if front == HAProxy {
		s.Tell.CDN = "haproxy" // it does not show
	}
	return s
}

var serverSetups = []Setup{
	behindServer(Apache, "customerio", "", "customerio-eu", apacheGood, apacheProxy).also("esp-ok", "fidelity-ok", "http-redirect"),
	behindServer(Apache, "sendgrid", "", "sendgrid", apacheGood, apacheProxy).also("esp-ok", "fidelity-ok"),
	behindServer(Apache, "ses", "", "ses-us-east-1", apacheGood+"\n\tRequestHeader unset Cookie", apacheProxy).also("esp-ok", "fidelity-ok"),
	behindServer(Apache, "preserve-host", "ProxyPreserveHost On, so that SNI and the name in the certificate are the link domain's", "customerio-eu", "ProxyPreserveHost On", apacheProxy, "origin-tls-failed"),
	behindServer(Apache, "preserve-host-sparkpost", "ProxyPreserveHost On before SparkPost, which ends a handshake for another name", "sparkpost", apacheGood, apacheProxy, "origin-tls-failed"),
	behindServer(Apache, "encoded-slashes", "no AllowEncodedSlashes: Apache itself answers 404 to %2F", "ses-us-east-1",
		"ProxyPreserveHost On\n\tSSLProxyCheckPeerName off\n\tRequestHeader unset Cookie\n\tLimitRequestFieldSize 16380", apacheProxy, "target-slash-refused"),
	behindServer(Apache, "encoded-slashes-sendgrid", "no AllowEncodedSlashes, before an ESP whose made-up link has no %2F in its path", "sendgrid",
		"ProxyPreserveHost On\n\tSSLProxyCheckPeerName off\n\tLimitRequestFieldSize 16380", apacheProxy, "target-slash-refused"),
	behindServer(Apache, "prefix", "ProxyPass to a folder, which stands before each path", "sendgrid", apacheGood, "ProxyPass \"/\" \"https://{origin}/track/\" nocanon", "target-path-lost"),
	behindServer(Apache, "location", "Header edit Location puts the link domain into redirects", "sendgrid", apacheGood+"\n\tHeader edit Location ^https://[^/]+/ https://{host}/", apacheProxy, "location-rewritten"),
	behindServer(Apache, "limit-get", "Limit refuses POST", "sendgrid", apacheGood+"\n\t<Location \"/\">\n\t<LimitExcept GET HEAD>\n\tRequire all denied\n\t</LimitExcept>\n\t</Location>", apacheProxy, "post-refused"),
	behindServer(Apache, "forwarded-host", "mod_proxy adds X-Forwarded-Host, with which this SES refuses", "ses-us-east-1", apacheGood+"\n\tRequestHeader unset Cookie", apacheProxy, "esp-forwarded-host-harmful").forwardedHostHarmful(),

	behindServer(Apache, "cookies", "cookies of the parent domain reach SES", "ses-us-east-1", apacheGood, apacheProxy, "cookies-not-stripped"),
	behindServer(Caddy, "cookies", "cookies of the parent domain reach SES", "ses-us-east-1", "", caddyProxy(""), "cookies-not-stripped"),
	behindServer(HAProxy, "cookies", "cookies of the parent domain reach SES", "ses-us-east-1", haproxyGood, haproxyServer, "cookies-not-stripped"),
	behindServer(HAProxy, "strict", "", "sendgrid", "", haproxyServer).also("esp-ok"),

	behindServer(Caddy, "customerio", "", "customerio-eu", "", caddyProxy("header_up Host {http.request.host}")).also("esp-ok", "fidelity-ok"),
	behindServer(Caddy, "sendgrid", "", "sendgrid", "", caddyProxy("")).also("esp-ok", "fidelity-ok"),
	behindServer(Caddy, "ses", "", "ses-us-east-1", "", caddyProxy("header_up -Cookie")).also("esp-ok", "fidelity-ok"),
	behindServer(Caddy, "sparkpost", "", "sparkpost", "", caddyProxy("")).also("esp-ok"),
	behindServer(Caddy, "upstream-host", "header_up Host {upstream_hostport}", "customerio-eu", "", caddyProxy("header_up Host {esp}"), "esp-host-overridden"),
	behindServer(Caddy, "prefix", "a rewrite puts a folder before each path", "sendgrid", "rewrite * /track{uri}", caddyProxy(""), "target-path-lost"),
	behindServer(Caddy, "forwarded-host", "Caddy adds X-Forwarded-Host, with which this SES refuses", "ses-us-east-1", "", caddyProxy("header_up -Cookie"), "esp-forwarded-host-harmful").forwardedHostHarmful(),
	behindServer(Caddy, "post-redirected", "a redirect that catches POST as well", "sendgrid", "@post method POST\n\tredir @post https://www.example.com/bye 302", caddyProxy(""), "post-redirected"),

	behindServer(HAProxy, "customerio", "", "customerio-eu", haproxyGood, haproxyServer).also("esp-ok", "fidelity-ok"),
	behindServer(HAProxy, "sendgrid", "", "sendgrid", haproxyGood, haproxyServer).also("esp-ok", "fidelity-ok"),
	behindServer(HAProxy, "sparkpost", "", "sparkpost", haproxyGood, haproxyServer).also("esp-ok"),
	behindServer(HAProxy, "ses", "", "ses-us-east-1", haproxyGood+"\n\thttp-request del-header cookie", haproxyServer).also("esp-ok", "fidelity-ok"),
	behindServer(HAProxy, "without-sni", "no sni on the server line, which SparkPost needs", "sparkpost", haproxyGood, "server esp {origin} ssl verify none", "origin-unreachable"),
	behindServer(HAProxy, "host-set", "http-request set-header Host", "customerio-eu", haproxyGood+"\n\thttp-request set-header Host {esp}", haproxyServer, "esp-host-overridden"),
	behindServer(HAProxy, "prefix", "set-path puts a folder before each path", "sendgrid", haproxyGood+"\n\thttp-request set-path /track%[path]", haproxyServer, "target-path-lost"),
	behindServer(HAProxy, "post-redirected", "a redirect that catches POST as well", "sendgrid", haproxyGood+"\n\thttp-request redirect location https://www.example.com/bye code 302 if METH_POST", haproxyServer, "post-redirected"),

	behindServer(Varnish, "sendgrid", "", "sendgrid", varnishGood, "").also("esp-ok", "fidelity-ok"),
	behindServer(Varnish, "customerio", "", "customerio-eu", varnishGood, "").also("esp-ok", "fidelity-ok"),
	behindServer(Varnish, "caches", "redirects are kept for an hour", "sendgrid",
		"if (req.method == \"GET\") { return (hash); } return (pass); } sub vcl_backend_response { set beresp.ttl = 1h; return (deliver);", "", "cache-hit"),
	behindServer(Varnish, "methods", "everything is looked up, and POST becomes a GET on its way", "sendgrid", "return (hash);", "", "post-redirected"),
	behindServer(Varnish, "host-set", "set req.http.host", "customerio-eu", "set req.http.host = \"{esp}\"; return (pass);", "", "esp-host-overridden"),
	behindServer(Varnish, "prefix", "set req.url puts a folder before each path", "sendgrid", "set req.url = \"/track\" + req.url; return (pass);", "", "target-path-lost"),
	behindServer(Varnish, "post-refused", "a synth for every other method", "sendgrid", "if (req.method != \"GET\" && req.method != \"HEAD\") { return (synth(405)); } return (pass);", "", "post-refused"),
}

// ServerFix is a finding at a server of this machine, with the words of its fix
// and the configuration in which they are followed.
type ServerFix struct {
	Setup, ID     string
	Says          []string
	server, proxy string
}

// Fixed is the set-up after the fix.
func (f *ServerFix) Fixed(s Setup) Setup {
	s.Secure, s.Plain, s.Want, s.NoHTTP2 = f.server, f.proxy, nil, false
	return s
}

// ServerFixes are the fixes that are tried.
func ServerFixes() []ServerFix {
	const ses = "\n\tRequestHeader unset Cookie"
	return []ServerFix{
		{"apache-preserve-host", "origin-tls-failed", []string{"SSLProxyCheckPeerName off"}, "ProxyPreserveHost On\n\tSSLProxyCheckPeerName off\n\tAllowEncodedSlashes NoDecode", apacheProxy},
		{"apache-encoded-slashes", "target-slash-refused", []string{"AllowEncodedSlashes NoDecode", "nocanon"}, apacheGood + ses, apacheProxy},
		{"apache-encoded-slashes-sendgrid", "target-slash-refused", []string{"AllowEncodedSlashes NoDecode"}, apacheGood, apacheProxy},
		{"apache-prefix", "target-path-lost", []string{`ProxyPass "/" "https://sendgrid.net/" nocanon`}, apacheGood, apacheProxy},
		{"apache-location", "location-rewritten", []string{"Remove ProxyPassReverse and Header edit Location"}, apacheGood, apacheProxy},
		{"apache-limit-get", "post-refused", []string{"Remove Limit, LimitExcept"}, apacheGood, apacheProxy},
		{"apache-cookies", "cookies-not-stripped", []string{"RequestHeader unset Cookie", "LimitRequestFieldSize 16380"}, apacheGood + ses, apacheProxy},
		{"apache-forwarded-host", "esp-forwarded-host-harmful", []string{"ProxyAddHeaders Off", "RequestHeader unset X-Forwarded-Host", "RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}"},
			apacheGood + ses + "\n\tProxyAddHeaders Off\n\tRequestHeader unset X-Forwarded-Host\n\tRequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}", apacheProxy},
		{"caddy-upstream-host", "esp-host-overridden", []string{"header_up Host {http.request.host}"}, "", caddyProxy("header_up Host {http.request.host}")},
		{"caddy-prefix", "target-path-lost", []string{"no handle_path, rewrite or uri"}, "", caddyProxy("")},
		{"caddy-forwarded-host", "esp-forwarded-host-harmful", []string{"header_up -X-Forwarded-Host"}, "", caddyProxy("header_up -Cookie\n\t\theader_up -X-Forwarded-Host")},
		{"caddy-cookies", "cookies-not-stripped", []string{"header_up -Cookie"}, "", caddyProxy("header_up -Cookie")},
		{"caddy-post-redirected", "post-redirected", []string{"matcher with method GET HEAD"}, "@get method NOTHING\n\tredir @get https://www.example.com/bye 302", caddyProxy("")},
		{"haproxy-without-sni", "origin-unreachable", []string{"sni str(spgo.io)"}, haproxyGood, haproxyServer},
		{"haproxy-host-set", "esp-host-overridden", []string{"Remove http-request set-header Host"}, haproxyGood, haproxyServer},
		{"haproxy-prefix", "target-path-lost", []string{"Remove http-request set-path"}, haproxyGood, haproxyServer},
		{"haproxy-cookies", "cookies-not-stripped", []string{"http-request del-header cookie"}, haproxyGood + "\n\thttp-request del-header cookie", haproxyServer},
		{"haproxy-post-redirected", "post-redirected", []string{"if !METH_POST"}, haproxyGood, haproxyServer},
		{"varnish-caches", "cache-hit", []string{"return (pass);"}, varnishGood, ""},
		{"varnish-methods", "post-redirected", []string{"return (pass); in vcl_recv"}, varnishGood, ""},
		{"varnish-host-set", "esp-host-overridden", []string{"Remove set req.http.host"}, varnishGood, ""},
		{"varnish-prefix", "target-path-lost", []string{"Remove set req.url"}, varnishGood, ""},
		{"varnish-post-refused", "post-refused", []string{"return (pass); for every method"}, varnishGood, ""},
		{"nginx-without-http2", "http-no-h2", []string{"listen 443 ssl http2;"}, nginxGood, nginxToHTTPS},
		{"nginx-without-host", "esp-host-overridden", []string{"proxy_set_header Host $host;", "proxy_ssl_server_name on;"}, nginxGood, nginxToHTTPS},
		{"nginx-query-dropped", "target-query-lost", []string{"without a slash or path behind the name"}, nginxGood, nginxToHTTPS},
		{"nginx-caches", "cache-hit", []string{"proxy_cache off;"}, nginxWith("proxy_cache off;"), nginxToHTTPS},
		{"nginx-location", "location-rewritten", []string{"proxy_redirect off;"}, nginxWith("proxy_redirect off;"), nginxToHTTPS},
		{"nginx-post-redirected", "post-redirected", []string{"Remove the return or rewrite"}, nginxGood, nginxToHTTPS},
	}
}
