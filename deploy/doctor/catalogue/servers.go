package catalogue

import "cmp"

// serverFixes are the fixes at Apache, Caddy, HAProxy and Varnish, by finding:
// wherever nginx has one of its own, these have. Varnish speaks no TLS; what
// ends it before Varnish is called the TLS server.
var serverFixes = map[string]Fix{
	"dns-still-at-esp":           moveToServer,
	"dns-at-esps-cdn":            moveToServer,
	"dns-no-address":             moveToServer,
	"dns-private-address":        moveToServer,
	"dns-ipv6-dead":              {Apache: "Add Listen [::]:{https-port} and [::]:{http-port}, or remove the AAAA record.", Caddy: "Remove bind, so that Caddy listens on IPv6 too, or remove the AAAA record.", HAProxy: "bind :::{https-port} v4v6 ssl crt …, and :::{http-port}, or remove the AAAA record.", Varnish: "Let the TLS server listen on [::]:{https-port} and Varnish on [::]:{http-port} (-a), or remove the AAAA record."},
	"tls-handshake-failed":       certificateAtServer,
	"tls-wrong-name":             certificateAtServer,
	"tls-expired":                renewAtServer,
	"tls-expires-soon":           renewAtServer,
	"tls-no-connection":          {Apache: "Listen {https-port} with SSLEngine on in the virtual host, and open the port in the firewall.", Caddy: "Name {host} in the Caddyfile without http://, and open ports {http-port} and {https-port} in the firewall.", HAProxy: "bind :{https-port} ssl crt /etc/haproxy/{host}.pem, and open the port in the firewall.", Varnish: "Varnish has no TLS of its own: put HAProxy, Hitch or nginx before it on port {https-port}."},
	"tls-esp-certificate":        {Apache: "End TLS in the virtual host (SSLEngine on) and use ProxyPass.", Caddy: "Use reverse_proxy in the site's block, not a layer 4 route.", HAProxy: "mode http with ssl crt on the bind line, not mode tcp: that passes TLS through.", Varnish: "End TLS before Varnish with a certificate for {host}, not in a TCP proxy."},
	"tls-incomplete-chain":       {Apache: "Name the file with the whole chain in SSLCertificateFile (fullchain.pem, not cert.pem).", Caddy: "Name the whole chain in tls CERT KEY, or leave tls out: Caddy then gets a certificate itself.", HAProxy: "Put certificate, intermediate and key into the file of crt, in this order.", Varnish: "Give the TLS server the whole chain (in Hitch: pem-file with certificate, intermediate and key)."},
	"tls-too-old":                versionsAtServer,
	"tls-old-versions":           versionsAtServer,
	"tls-no-13":                  versionsAtServer,
	"tls-must-staple":            {Apache: "SSLUseStapling On and SSLStaplingCache shmcb:stapling(32768), outside the virtual host.", Caddy: "Caddy staples by itself: see its log why it could not ask the responder.", HAProxy: "Keep the response beside the certificate as {host}.pem.ocsp, or ocsp-update on from 2.8.", Varnish: "Switch stapling on in the TLS server (in Hitch: ocsp-dir)."},
	"tls-staple-bad":             {Apache: "Remove SSLStaplingForceURL and let SSLUseStapling fetch the response.", Caddy: "Restart Caddy, or delete its ocsp folder: it fetches a new one.", HAProxy: "Remove the old {host}.pem.ocsp, or renew it each day.", Varnish: "Delete the old response of the TLS server (in Hitch: in ocsp-dir)."},
	"http-dead":                  {Apache: "Listen {http-port}, and a virtual host *:{http-port} with the same ServerName and ProxyPass.", Caddy: "Remove auto_https off, or name http://{host} as well; open port {http-port}.", HAProxy: "bind :{http-port} in the same frontend.", Varnish: "varnishd -a :{http-port}."},
	"http-redirect-loses-path":   {Apache: "Redirect 308 \"/\" \"https://{host}/\" in the virtual host *:{http-port}; it keeps what follows. RedirectMatch and ErrorDocument do not.", Caddy: "redir https://{host}{uri} 308.", HAProxy: "http-request redirect scheme https code 308 unless { ssl_fc }.", Varnish: "set resp.http.Location = \"https://\" + req.http.host + req.url; in vcl_synth."},
	"http-other-answer":          {Apache: "Name {host} in ServerName of the virtual host *:{http-port}: often the first virtual host answers.", Caddy: "Name http://{host} in the address of the site.", HAProxy: "Let the frontend on port {http-port} lead to the same backend; look at use_backend and default_backend.", Varnish: "Remove conditions on std.port or X-Forwarded-Proto that treat port {http-port} apart."},
	"https-redirect-loop":        {Apache: "Do not redirect in the virtual host *:{https-port}; behind another proxy look at %{HTTP:X-Forwarded-Proto}.", Caddy: "Remove redir from the https site; behind another proxy serve http://{host} without automatic https.", HAProxy: "http-request redirect … unless { ssl_fc }; behind another proxy look at hdr(x-forwarded-proto).", Varnish: "Redirect only where X-Forwarded-Proto, which the TLS server sets, is not https."},
	"https-no-answer":            {Apache: "ProxyTimeout 10, and look at the error log.", Caddy: "dial_timeout and response_header_timeout of ten seconds in transport http, and look at the log.", HAProxy: "timeout connect 5s and timeout server 10s, and look at the log's termination state.", Varnish: ".connect_timeout = 5s; .first_byte_timeout = 10s; in the backend, and look at varnishlog."},
	"http-no-h2":                 {Apache: "a2enmod http2, Protocols h2 http/1.1, and the event MPM (not prefork).", Caddy: "Caddy offers it by itself: remove protocols h1 from the global options.", HAProxy: "alpn h2,http/1.1 on the bind line.", Varnish: "Offer h2 in the TLS server's ALPN, and start varnishd with -p feature=+http2."},
	"http-compressed-unasked":    {Apache: "Remove Header set Content-Encoding; SetOutputFilter DEFLATE asks Accept-Encoding by itself.", Caddy: "Remove header Content-Encoding; encode asks Accept-Encoding by itself.", HAProxy: "Remove http-response set-header Content-Encoding; compression asks Accept-Encoding by itself.", Varnish: "Do not set Accept-Encoding in vcl_recv, and leave http_gzip_support on."},
	"cdn-host-unknown":           {Apache: "Name {host} in ServerName or ServerAlias, a2ensite the file, and reload.", Caddy: "Name {host} as the address of a site in the Caddyfile, and reload.", HAProxy: "Let { hdr(host) -i {host} } lead to the ESP's backend, and reload.", Varnish: "Remove the synth for unknown hosts, or add {host} to it."},
	"origin-tls-failed":          {Apache: "With ProxyPreserveHost On Apache sends {host} as SNI and wants it in the certificate. SSLProxyEngine On, SSLProxyCheckPeerName off. Where the ESP ends a handshake for another name, Apache cannot do it: let it proxy over http to a HAProxy or stunnel on this machine that connects with SNI {origin}.", Caddy: "transport http { tls_server_name {origin} } in reverse_proxy.", HAProxy: "server esp {origin}:443 ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt sni str({origin}).", Varnish: "Varnish has no TLS to backends: let it fetch from a HAProxy or stunnel on this machine that connects with SNI {origin}."},
	"origin-certificate-refused": {Apache: "SSLProxyCheckPeerName off: with ProxyPreserveHost On it compares with {host}.", Caddy: "transport http { tls_server_name {origin} } in reverse_proxy.", HAProxy: "verifyhost {origin}, or sni str({origin}), on the server line.", Varnish: "Let the HAProxy or stunnel behind Varnish check against {origin}."},
	"origin-unreachable":         {Apache: "See the error log. \"AH01114\" is the connection, \"AH00961\" or \"AH01084\" TLS: SSLProxyEngine On, and with ProxyPreserveHost On also SSLProxyCheckPeerName off.", Caddy: "See the log: \"tls\" means tls_server_name, \"lookup\" the name {origin}.", HAProxy: "See the log's termination state: SC is the connection or TLS (sni str({origin})), sH the time limit.", Varnish: "See varnishlog -g request -q 'FetchError'. The backend needs .host and .port of the HAProxy or stunnel that speaks TLS to {origin}."},
	"esp-links-at-another":       pathsAtServer,
	"esp-links-404":              pathsAtServer,
	"esp-host-overridden":        hostAtServer,
	"esp-invalid-token":          hostAtServer,
	"esp-protocol-http":          {Apache: "SSLProxyEngine On and ProxyPass \"/\" \"https://{origin}/\" nocanon.", Caddy: "reverse_proxy https://{origin}.", HAProxy: "server esp {origin}:443 ssl sni str({origin}) verify required ca-file /etc/ssl/certs/ca-certificates.crt.", Varnish: "Varnish has no TLS to backends: fetch through a HAProxy or stunnel on this machine."},
	"esp-forwarded-host-wanted":  {Apache: "Remove ProxyAddHeaders Off: mod_proxy sets X-Forwarded-Host by itself.", Caddy: "header_up X-Forwarded-Host {http.request.host} in reverse_proxy.", HAProxy: "http-request set-header X-Forwarded-Host %[req.hdr(host)].", Varnish: "set req.http.X-Forwarded-Host = req.http.host; in vcl_recv."},
	"esp-forwarded-host-harmful": {Apache: "ProxyAddHeaders Off, RequestHeader unset X-Forwarded-Host and RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}: mod_proxy adds X-Forwarded-Host otherwise.", Caddy: "header_up -X-Forwarded-Host in reverse_proxy.", HAProxy: "http-request del-header X-Forwarded-Host.", Varnish: "unset req.http.X-Forwarded-Host; in vcl_recv."},
	"esp-forwarded-host-trusted": {Apache: "RequestHeader unset X-Forwarded-Host early: mod_proxy appends to what the client sent.", Caddy: "Remove trusted_proxies, or header_up X-Forwarded-Host {http.request.host}.", HAProxy: "http-request set-header X-Forwarded-Host %[req.hdr(host)].", Varnish: "set req.http.X-Forwarded-Host = req.http.host; in vcl_recv."},
	"target-path-lost":           targetAtServer,
	"target-query-lost":          targetAtServer,
	"target-changed":             {Apache: "ProxyPass \"/\" \"https://{origin}/\" nocanon, AllowEncodedSlashes NoDecode, MergeSlashes Off, and no RewriteRule.", Caddy: "Remove uri, rewrite, handle_path and try_files; reverse_proxy passes the target as it came.", HAProxy: "Remove http-request set-path, set-uri, replace-path and normalize-uri.", Varnish: "Remove std.querysort, regsub on req.url and the like from the VCL."},
	"target-odd-refused":         {Apache: "AllowEncodedSlashes NoDecode in the virtual host, and nocanon on ProxyPass; look at mod_security as well.", Caddy: "Look at matchers and plug-ins that refuse them; Caddy itself answers 400 only to what is no URL.", HAProxy: "option accept-invalid-http-request in the frontend (from 3.0: option accept-unsafe-violations-in-http-request).", Varnish: "Look at the VCL for synth(400) or synth(403), and at the TLS server before it.", Nginx: "Look at ModSecurity, and at if and location conditions on $request_uri."},
	"target-slash-refused":       {Apache: "AllowEncodedSlashes NoDecode in the virtual host, together with nocanon on ProxyPass: Apache answers 404 to %2F otherwise.", Caddy: "Look at matchers on the path: Caddy passes %2F on by itself.", HAProxy: "Look at http-request deny and normalize-uri: HAProxy passes %2F on by itself.", Varnish: "Look at the VCL for synth: Varnish passes %2F on by itself."},
	"location-rewritten":         {Apache: "Remove ProxyPassReverse and Header edit Location: links need neither.", Caddy: "Remove header_down Location and replace.", HAProxy: "Remove http-response replace-header Location and set-header Location.", Varnish: "Remove set beresp.http.Location and set resp.http.Location."},
	"post-refused":               {Apache: "Remove Limit, LimitExcept, AllowMethods and RewriteCond %{REQUEST_METHOD}.", Caddy: "Remove matchers on method.", HAProxy: "Remove http-request deny on method.", Varnish: "return (pass); for every method in vcl_recv, and no synth(405)."},
	"post-redirected":            {Apache: "Exclude POST with RewriteCond %{REQUEST_METHOD} !POST, or remove Redirect and DirectorySlash for this path.", Caddy: "Remove redir for this path, or give it a matcher with method GET HEAD.", HAProxy: "http-request redirect … if !METH_POST.", Varnish: "Test req.method before the synth that redirects, and return (pass); in vcl_recv: what is looked up in the cache is asked for with GET."},
	"cookies-not-stripped":       {Apache: "RequestHeader unset Cookie; and LimitRequestFieldSize 16380.", Caddy: "header_up -Cookie in reverse_proxy.", HAProxy: "http-request del-header cookie; and tune.bufsize 32768.", Varnish: "unset req.http.Cookie; in vcl_recv; and -p http_req_hdr_len=16k."},
	"cookies-lost":               {Apache: "Remove Header unset Set-Cookie and RequestHeader unset Cookie.", Caddy: "Remove header_down -Set-Cookie and header_up -Cookie.", HAProxy: "Remove http-response del-header set-cookie.", Varnish: "return (pass); in vcl_recv, and no unset of Cookie or Set-Cookie."},
	"filter-refuses-all":         exemptAtServer,
	"filter-challenge":           exemptAtServer,
	"filter-user-agent":          exemptAtServer,
	"filter-verifier":            exemptAtServer,
	"filter-query":               {Apache: "Remove conditions on %{QUERY_STRING} and the mod_security rule; LimitRequestLine 16380.", Caddy: "Remove matchers on query, and the rule of the WAF plug-in.", HAProxy: "Remove http-request deny on url or query; tune.bufsize 32768.", Varnish: "Remove conditions on req.url; -p http_req_hdr_len=16k."},
	"filter-rate-limit":          {Apache: "Remove mod_evasive, mod_qos or the limits of mod_security for {host}.", Caddy: "Remove rate_limit for {host}, or raise events.", HAProxy: "Remove http-request deny on sc_http_req_rate for {host}, or raise it.", Varnish: "Remove vsthrottle for {host}, or raise it."},
	"cache-hit":                  cacheAtServer,
	"cache-lifetime":             {Apache: "ExpiresActive Off, and no Header set Cache-Control.", Caddy: "Remove header Cache-Control.", HAProxy: "Remove http-response set-header Cache-Control.", Varnish: "Remove set resp.http.Cache-Control and beresp.http.Cache-Control."},
	"app-links-redirected":       {Apache: "ProxyPass \"/.well-known/apple-app-site-association\" \"!\" before the others, and Alias to the file.", Caddy: "handle /.well-known/apple-app-site-association with the file, before reverse_proxy and redir.", HAProxy: "http-request return status 200 content-type application/json file … if { path /.well-known/apple-app-site-association }.", Varnish: "A synth(200) with the file, or a backend of its own for the path."},
	"app-links-type":             {Apache: "ForceType application/json in a Location for the path.", Caddy: "header Content-Type application/json in its handle.", HAProxy: "http-response set-header Content-Type application/json for the path.", Varnish: "set beresp.http.Content-Type = \"application/json\"; for the path."},
	"speed-slow-cdn":             {Apache: "Keep connections open: enablereuse=on and keepalive=On on ProxyPass.", Caddy: "Caddy keeps connections open; see keepalive in transport http.", HAProxy: "http-reuse always, and pool-max-conn on the server line.", Varnish: "Keep connections between Varnish and the TLS client behind it open (backend_idle_timeout)."},
}

var (
	moveToServer        = sameAtServers("Point {host} at your server, with a CNAME or with A and AAAA, once a certificate for it is in place.")
	certificateAtServer = Fix{
		Apache:  "Get a certificate for {host} (as with certbot --apache) and name it in SSLCertificateFile and SSLCertificateKeyFile of the virtual host whose ServerName is {host}.",
		Caddy:   "Name {host} as the address of the site: Caddy gets the certificate itself, as soon as DNS leads to it and port 80 or 443 is open.",
		HAProxy: "Put certificate, intermediate and key for {host} into one file, and name it, or its folder, in crt on the bind line.",
		Varnish: "Give the TLS server before Varnish a certificate for {host}.",
	}
	renewAtServer = Fix{
		Apache:  "Run the renewal (certbot renew), reload Apache, and make both a timer's work.",
		Caddy:   "Caddy renews by itself: see its log why it could not (ports 80 and 443 must be open, and its data folder must stay).",
		HAProxy: "Run the renewal, join certificate and key into the file of crt, reload HAProxy, and make all three a timer's work.",
		Varnish: "Run the renewal for the TLS server before Varnish, reload it, and make both a timer's work.",
	}
	versionsAtServer = Fix{
		Apache:  "SSLProtocol -all +TLSv1.2 +TLSv1.3",
		Caddy:   "Remove protocols from tls: 1.2 and 1.3 are Caddy's defaults.",
		HAProxy: "ssl-default-bind-options ssl-min-ver TLSv1.2, and no ssl-max-ver.",
		Varnish: "Set it in the TLS server (in Hitch: tls-protos = TLSv1.2 TLSv1.3).",
	}
	hostAtServer = Fix{
		Apache:  "ProxyPreserveHost On. Apache then sends {host} as SNI too, and wants it in the ESP's certificate: SSLProxyEngine On and SSLProxyCheckPeerName off.",
		Caddy:   "header_up Host {http.request.host} in reverse_proxy https://{origin}, with transport http { tls_server_name {origin} }.",
		HAProxy: "Remove http-request set-header Host; sni str({origin}) on the server line sets SNI apart from it.",
		Varnish: "Remove set req.http.host and set bereq.http.host, and .host_header of the backend; the HAProxy or stunnel behind it sends SNI {origin}.",
	}
	targetAtServer = Fix{
		Apache:  "ProxyPass \"/\" \"https://{origin}/\" nocanon, with a slash at the end of both, and no RewriteRule that touches {host}.",
		Caddy:   "reverse_proxy https://{origin} without a path, and no handle_path, rewrite or uri.",
		HAProxy: "Remove http-request set-path, set-query, set-uri and replace-path.",
		Varnish: "Remove set req.url and set bereq.url.",
	}
	exemptAtServer = Fix{
		Apache:  "Remove the condition on User-Agent (SetEnvIf, RewriteCond), Require or Deny, or the mod_security rule, for {host}.",
		Caddy:   "Remove the matcher that leads to respond 403 or abort, or the rule of the WAF plug-in, for {host}.",
		HAProxy: "Remove http-request deny, tarpit or silent-drop on user agents or addresses for {host}.",
		Varnish: "Remove the synth(403) and its condition in vcl_recv for {host}.",
	}
	cacheAtServer = Fix{
		Apache:  "CacheDisable \"/\" for {host}, or no mod_cache at all.",
		Caddy:   "Remove the cache plug-in for {host}.",
		HAProxy: "Remove http-request cache-use and http-response cache-store.",
		Varnish: "return (pass); for {host} in vcl_recv.",
	}
)

func sameAtServers(text string) Fix {
	return Fix{Apache: text, Caddy: text, HAProxy: text, Varnish: text}
}

// withServers puts the fixes of the servers into the entries.
func withServers(entries []Entry) []Entry {
	for i := range entries {
		m, more := &entries[i].Fix, serverFixes[entries[i].ID]
		m.Nginx, m.Apache, m.Caddy = cmp.Or(m.Nginx, more.Nginx), cmp.Or(m.Apache, more.Apache), cmp.Or(m.Caddy, more.Caddy)
		m.HAProxy, m.Varnish = cmp.Or(m.HAProxy, more.HAProxy), cmp.Or(m.Varnish, more.Varnish)
		m.Server = ownFixes[entries[i].ID]
	}
	return entries
}

// pathsAtServer sends the paths of each ESP's links to it.
var pathsAtServer = Fix{
	Apache:  "A ProxyPass for the paths of each ESP's links, the longer path before the shorter: the first that fits counts.",
	Caddy:   "A handle block for the paths of each ESP's links: of several, the one with the longest path counts.",
	HAProxy: "use_backend with path_beg for the paths of each ESP's links, the longer path first: the first rule that fits counts.",
	Varnish: "set req.backend_hint by req.url for the paths of each ESP's links, the longer path last: the last line that applies counts.",
}
