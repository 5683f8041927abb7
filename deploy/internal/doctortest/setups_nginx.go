package doctortest

import "github.com/clickedge/clickedge/deploy/origins"

// What nginx is told. The first is what the guides of Customer.io, SendGrid and
// SparkPost come to, the second adds what Amazon SES needs; the others are what
// people make of it.
var (
	nginxGood = nginxTo("https://{esp}", "")
	nginxSES  = nginxTo("https://{esp}", noCookies)
)

const (
	noCookies = `proxy_set_header Cookie "";`
	// nginxToHTTPS is how every guide answers old mail.
	nginxToHTTPS = `return 301 https://$host$request_uri;`
)

// nginxTo is a location that proxies to a target as it should, with more in it.
func nginxTo(target, more string) string {
	return `
		location / {
			proxy_pass ` + target + `;
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Host "";
			proxy_ssl_server_name on;
			` + more + `
		}`
}

// nginxWith is nginxGood with more in its location.
func nginxWith(more string) string { return nginxTo("https://{esp}", more) }

// behindNginx makes a set-up of what nginx does over https; http is redirected.
func behindNginx(name, wrong, preset, secure string, want ...string) Setup {
	return Setup{Name: "nginx-" + name, Wrong: wrong, Front: Nginx, Preset: preset, Secure: secure, Plain: nginxToHTTPS, Want: want}
}

// also adds what must be found below a warning.
func (s Setup) also(ids ...string) Setup {
	s.Also = append(s.Also, ids...)
	return s
}

var nginxSetups = []Setup{
	behindNginx("customerio", "", "customerio-eu", nginxGood).also("esp-ok", "http-redirect", "fidelity-ok"),
	behindNginx("sendgrid", "", "sendgrid", nginxGood).also("esp-ok"),
	behindNginx("sparkpost", "", "sparkpost", nginxSES).also("esp-ok"),
	behindNginx("ses", "", "ses-us-east-1", nginxSES).also("esp-ok"),
	behindNginx("mailgun", "", "mailgun", nginxTo("http://{esp}", noCookies)).also("esp-ok"),
	behindNginx("gzip", "", "sendgrid", "gzip on; gzip_types *; gzip_min_length 1;"+nginxGood).also("esp-ok"),
	{Name: "nginx-http-proxied", Front: Nginx, Secure: nginxGood, Plain: nginxGood, Also: []string{"esp-ok"}},

	behindNginx("without-host", "proxy_pass without proxy_set_header Host", "customerio-eu",
		`location / { proxy_pass https://{esp}; proxy_ssl_server_name on; }`, "esp-host-overridden"),
	behindNginx("without-host-ses", "proxy_pass without proxy_set_header Host", "ses-us-east-1",
		`location / { proxy_pass https://{esp}; proxy_set_header Cookie ""; proxy_ssl_server_name on; }`, "esp-host-overridden"),
	behindNginx("with-proxy-host", "proxy_set_header Host $proxy_host", "sparkpost",
		`location / { proxy_pass https://{esp}; proxy_set_header Host $proxy_host; proxy_set_header Cookie ""; proxy_ssl_server_name on; }`, "esp-host-overridden"),
	behindNginx("without-sni", "no proxy_ssl_server_name, which SparkPost needs", "sparkpost",
		`location / { proxy_pass https://{esp}; proxy_set_header Host $host; }`, "origin-unreachable"),
	behindNginx("verifies-wrong-name", "proxy_ssl_verify with the link domain as proxy_ssl_name", "customerio-eu",
		nginxWith("proxy_ssl_name $host; proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;"), "origin-unreachable"),
	behindNginx("slash-behind-origin", "proxy_pass with a slash behind the origin, which decodes the path", "ses-us-east-1", nginxTo("https://{esp}/", noCookies), "target-changed"),
	behindNginx("decoded-uri", "proxy_pass with $uri in place of $request_uri", "ses-us-east-1", nginxTo("https://{esp}$uri$is_args$args", noCookies), "target-changed"),
	behindNginx("query-dropped", "proxy_pass with $uri and no $args", "sendgrid", nginxTo("https://{esp}$uri", noCookies), "target-query-lost"),
	behindNginx("path-dropped", "proxy_pass to one fixed path", "sendgrid", nginxTo("https://{esp}/$is_args$args", noCookies), "target-path-lost"),
	behindNginx("forwarded-host", "proxy_set_header X-Forwarded-Host, with which this SES refuses", "ses-us-east-1",
		`location / { proxy_pass https://{esp}; proxy_set_header Host $host; proxy_set_header X-Forwarded-Host $host; proxy_set_header Cookie ""; proxy_ssl_server_name on; }`,
		"esp-forwarded-host-harmful").forwardedHostHarmful(),
	behindNginx("cookies-forwarded", "cookies of the parent domain reach SES", "ses-us-east-1", nginxGood, "cookies-not-stripped"),
	behindNginx("ses-over-http", "proxy_pass http:// to SES", "ses-us-east-1", nginxTo("http://{plain}", noCookies), "esp-protocol-http"),
	behindNginx("caches", "proxy_cache keeps opens and clicks", "sendgrid",
		nginxWith("proxy_cache links; proxy_cache_valid 200 302 1h; proxy_ignore_headers Cache-Control Expires Set-Cookie; add_header X-Cache-Status $upstream_cache_status always;"), "cache-hit"),
	behindNginx("expires", "expires 1h", "sendgrid", nginxWith("proxy_hide_header Cache-Control; expires 1h; add_header X-Unused 1; error_page 418 = /;"), "cache-lifetime"),
	behindNginx("post-refused", "limit_except GET", "sendgrid", nginxWith("limit_except GET { deny all; }"), "post-refused"),
	behindNginx("bot-filter", "a filter of user agents that knows Customer.io for a robot", "customerio-eu",
		`if ($http_user_agent ~* "customer\.io|curl|python") { return 403; }`+nginxGood, "filter-verifier"),
	behindNginx("agent-filter", "a filter that wants Mozilla in every user agent", "sendgrid",
		`if ($http_user_agent !~ "Mozilla") { return 403; }`+nginxGood, "filter-user-agent"),
	behindNginx("query-filter", "a filter against URLs in the query", "sendgrid",
		`if ($args ~* "=https?(%3A|:)") { return 403; }`+nginxGood, "filter-query"),
	behindNginx("redirect-loop", "if ($host …) return 301 to the same name", "customerio-eu",
		`if ($host != "www.example.com") { return 301 https://$host$request_uri; }`+nginxGood, "https-redirect-loop"),
	behindNginx("default-page", "the server block is not enabled, the default page answers", "customerio-eu",
		`default_type text/html; return 200 "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>";`, "cdn-host-unknown"),
	behindNginx("rewritten", "a rewrite puts a folder before the path", "customerio-eu",
		`rewrite ^/(.*)$ /track/$1 break;`+nginxGood, "target-path-lost"),
	behindNginx("app-links-redirected", "app-link files are redirected to the website", "sendgrid",
		`location ~ association$ { return 301 https://www.example.com$request_uri; }`+nginxGood, "app-links-redirected"),
	behindNginx("app-links-typeless", "app-link files without a type", "sendgrid",
		`location ~ association$ { default_type application/octet-stream; return 200 '`+appleFile+`'; }`+nginxGood, "app-links-type"),
	behindNginx("location", "proxy_redirect puts the link domain into the ESP's redirects", "sendgrid", nginxWith("proxy_redirect ~^https://[^/]+/(.*)$ https://$host/$1;"), "location-rewritten"),
	behindNginx("post-redirected", "a return for everything but GET", "sendgrid", `if ($request_method = POST) { return 302 https://www.example.com/; }`+nginxGood, "post-redirected"),
	{
		Name: "nginx-without-http2", Front: Nginx, Preset: "sendgrid", Secure: nginxGood, Plain: nginxToHTTPS, NoHTTP2: true, Also: []string{"http-no-h2"},
		Says: []string{"listen 443 ssl http2; (http2 on; is for nginx 1.25.1 and later)"},
	},
	behindNginx("hsts", "", "customerio-eu", `add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;`+nginxGood).also("http-hsts-own"),
	behindNginx("old-certificate", "certbot's timer has been off for a while", "customerio-eu", nginxGood, "tls-expired").with(func(w *World) { w.TLS.Cert.Left = -2 * Day }),
	behindNginx("cert-without-chain", "cert.pem where fullchain.pem belongs", "customerio-eu", nginxGood, "tls-incomplete-chain").with(func(w *World) { w.TLS.Cert.Alone = true }),
	{Name: "nginx-http-loses-path", Wrong: "http is redirected without the path", Front: Nginx, Secure: nginxGood, Plain: `return 301 https://$host/;`, Want: []string{"http-redirect-loses-path"}},
	{
		Name: "nginx-http-decoded", Wrong: "http is redirected with $uri, which has no query", Front: Nginx, Preset: "sendgrid", Secure: nginxGood, Plain: `return 301 https://$host$uri;`,
		Want: []string{"http-redirect-loses-path"},
	},
	behindNginx("esp-down", "the ESP refuses connections", "sendgrid", nginxGood, "origin-unreachable").with(espDown),
}

func (s Setup) with(change func(*World)) Setup {
	s.Change = change
	return s
}

func (s Setup) forwardedHostHarmful() Setup {
	s.ESPs.ForwardedHost = origins.ForwardedHostHarmful
	return s
}
