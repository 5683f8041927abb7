package origins

import (
	"net/url"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

var postmark = &family{
	cache: "no-store",
	routes: []route{
		click(`/[23]([mst]*)/([^/?]+)/[^?]*`, readPostmark),
		get(`/open[^?]*`, pixel),
	},
	samples: postmarkSamples,
}

// readPostmark puts back the scheme, which the link keeps as a flag. A link
// that is encoded once more has no host: see readSES.
func readPostmark(q *request) (string, bool) {
	rest, err := url.PathUnescape(q.match[2])
	scheme := "http://"
	if strings.Contains(q.match[1], "s") {
		scheme = "https://"
	}
	return scheme + rest, err == nil && hasHost.MatchString(scheme+rest)
}

func postmarkLink(destination string) string {
	version := "/2"
	if strings.HasPrefix(destination, "https://") {
		version = "/3s"
	}
	_, rest, _ := strings.Cut(destination, "://")
	return version + "/" + escapeAll(rest) + "/wmxJTyAN/Gc9Q/H5vxf8qJfE"
}

func postmarkSamples(s *sampler) []SampleLink {
	plain := s.shop[len("https://"):] + plainPath
	return append(s.clicks(postmarkLink),
		readable("click on http", postmarkLink("http://"+plain), "http://"+plain),
		sample("open", esp.KindOpen, "/open/wmxJTyAN/Gc9Q/H5vxf8qJfE"))
}
