package page

import (
	"net/http"
	"testing"
)

// What a click pays for the page: whether it is the page's, and its place in the
// memory.
func BenchmarkClick(b *testing.B) {
	r := newRig(b)
	request := r.request("/CL0/https:%2F%2Fshop.example.com%2Fa")
	click := &http.Request{Method: "GET", Host: "link.example.com", RemoteAddr: "127.0.0.1:5000", RequestURI: request.Exchange.Request.Target}
	b.ReportAllocs()
	for b.Loop() {
		if r.page.Takes(click, r.sites.Sites.Has) {
			b.Fatal("a click is not the page's")
		}
		r.page.Record(request)
	}
}
