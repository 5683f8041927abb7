package doctortest

import (
	"crypto/x509"
	"errors"
	"net/http"
)

// LikeFastly, LikeCloudflare and LikeCloudFront add what these CDNs add to each
// answer, and by which they can be told.
var (
	LikeFastly     = Say("X-Served-By", "cache-fra-eddf8230099-FRA", "Via", "1.1 varnish", "X-Timer", "S1700000000.000000,VS0,VE1")
	LikeCloudflare = Say("Server", "cloudflare", "CF-RAY", "8f1e2d3c4b5a6978-FRA")
	LikeCloudFront = Say("Via", "1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)",
		"X-Amz-Cf-Id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "X-Amz-Cf-Pop", "FRA56-P1", "X-Cache", "Miss from cloudfront")
)

// cloudflareFails are Cloudflare's own pages when it cannot have the origin:
// 526 for a certificate that it does not trust, 525 for a handshake that fails
// otherwise, 521 for a connection that is refused.
func cloudflareFails(w http.ResponseWriter, err error) {
	status, what := 521, "Web server is down"
	var handshake *handshakeError
	var untrusted *x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &name), errors.As(err, &untrusted), errors.As(err, new(x509.UnknownAuthorityError)):
		status, what = 526, "Invalid SSL certificate"
	case errors.As(err, &handshake):
		status, what = 525, "SSL handshake failed"
	}
	Answer(status, "<!DOCTYPE html><title>example.com | "+what+"</title><p>"+what+"</p>", "Content-Type", "text/html; charset=UTF-8")(w, nil)
}

// cloudfrontFails is CloudFront's page when it cannot have the origin.
func cloudfrontFails(w http.ResponseWriter, err error) {
	why := "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection."
	if errors.As(err, new(*handshakeError)) {
		why = "CloudFront wasn't able to connect to the origin."
	}
	Answer(http.StatusBadGateway, "<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>502 ERROR</H1>"+why+"</BODY></HTML>",
		"Content-Type", "text/html", "Server", "CloudFront", "X-Cache", "Error from cloudfront")(w, nil)
}

// cloudflareChallenge is what Cloudflare shows to whom it takes for a robot:
// 403 with Cf-Mitigated, as its documentation on detecting challenge pages
// says.
var cloudflareChallenge = Answer(http.StatusForbidden, "<!DOCTYPE html><title>Just a moment...</title>",
	"Content-Type", "text/html; charset=UTF-8", "Cf-Mitigated", "challenge", "Server", "cloudflare", "CF-RAY", "8f1e2d3c4b5a6978-FRA")
