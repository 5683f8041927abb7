package catalogue

// The CDNs and servers that fixes are written for.
const (
	Fastly     = "fastly"
	Nginx      = "nginx"
	Cloudflare = "cloudflare"
	CloudFront = "cloudfront"
	Apache     = "apache"
	Caddy      = "caddy"
	HAProxy    = "haproxy"
	Varnish    = "varnish"
	Server     = "server" // clickedge server
	Other      = "other"
)

// CDNs are the names that a CDN or server may be given by.
func CDNs() []string {
	return []string{Fastly, Nginx, Cloudflare, CloudFront, Apache, Caddy, HAProxy, Varnish, Server, Other}
}
