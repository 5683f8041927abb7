package origins

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"net/url"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

var mailgun = &family{
	cache: "no-store",
	routes: []route{
		click(`/c/([^/?]+)`, readMailgun),
		get(`/o/[^/?]+`, pixel),
		page(`/u/[^/?]+`, unsubscribe),
	},
	samples: mailgunSamples,
}

// maxMailgun bounds what a link may inflate to, in bytes.
const maxMailgun = 64 << 10

// readMailgun inflates a query string and returns its "l". The stream may end
// without a last block or checksum.
func readMailgun(q *request) (string, bool) {
	raw, err := decode64(q.match[1])
	if err != nil || len(raw) < 2 {
		return "", false
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw[2:])), maxMailgun))
	if err != nil && err != io.ErrUnexpectedEOF {
		return "", false
	}
	fields, err := url.ParseQuery(string(plain))
	destination := fields.Get("l")
	if err != nil || destination == "" {
		return "", false
	}
	if !strings.Contains(destination, "://") {
		destination = "http://" + destination
	}
	return destination, true
}

func mailgunLink(destination string) string {
	fields := url.Values{"h": {"ecb5d5"}, "i": {"20260101.1"}, "l": {destination}, "r": {"user@example.test"}}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(fields.Encode())) // into memory: it cannot fail
	_ = z.Close()
	return "/c/" + encode64(b.String())
}

func mailgunSamples(s *sampler) []SampleLink {
	bare := s.shop[len("https://"):] + "/x"
	links := append(s.clicks(mailgunLink),
		readable("click whose destination has no scheme", mailgunLink(bare), "http://"+bare),
		sample("open", esp.KindOpen, "/o/"+encode64("open-token-0001")))
	return append(links, unsubscribes("/u/"+encode64("unsub-token-0001"))...)
}
