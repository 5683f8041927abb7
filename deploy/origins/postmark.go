package origins

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

var postmark = &family{
	cache: "no-store",
	routes: []route{
		get(`/[23]([mst]*)/([^/?]+)/[^?]*`, postmarkClick),
		get(`/open[^?]*`, pixel),
	},
	samples: postmarkSamples,
}

func postmarkClick(w http.ResponseWriter, q *request) {
	destination, ok := readPostmark(q.match[1], q.match[2])
	if !ok {
		damaged(w)
		return
	}
	redirect(w, q, destination)
}

// readPostmark puts back the scheme, which the link keeps as a flag. A link
// that is encoded once more has no host: see readSES.
func readPostmark(flags, escaped string) (string, bool) {
	rest, err := url.PathUnescape(escaped)
	scheme := "http://"
	if strings.Contains(flags, "s") {
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
