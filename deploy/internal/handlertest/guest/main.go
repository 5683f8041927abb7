//go:build wasip1

// Guest is a small program that uses edge/handler, for tests that run it as it
// is compiled, and prewarmed. The file /sites.json has the text of one sites.json
// or of several, with a NUL between; or there are files /0.json, /1.json and so
// on, one of which is read for a request, as a program that is not prewarmed
// reads its sites for each. Which of them answers is said by the field
// Handlertest-Sites of a request, a number, that the handler does not see. So
// many cases need one module and one host. The field Handlertest-Next lets the
// program's other part answer for hosts that are no link domain.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/internal/handlertest"
	"github.com/clickedge/clickedge/edge/handler"
)

var links = load()

// pair is one sites.json without and with Next.
type pair struct{ alone, next *handler.Handler }

func load() (list []*pair) {
	text, err := os.ReadFile("/sites.json")
	if err != nil {
		return nil
	}
	for one := range strings.SplitSeq(string(text), "\x00") {
		list = append(list, of(one))
	}
	return list
}

func of(text string) *pair {
	sites, err := sitesjson.Parse("sites.json", []byte(text))
	if err != nil {
		fail(err)
	}
	return &pair{
		alone: handler.New(sites, handler.Options{}),
		next:  handler.New(sites, handler.Options{Next: fsthttp.HandlerFunc(shop)}),
	}
}

// shop says what it has got.
func shop(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		fail(err)
	}
	fmt.Fprintf(w, "shop: %s %s%s opaque=%q body=%q", r.Method, r.Host, r.URL.Path, r.URL.Opaque, body)
}

// choose hands the request to the handler that it names, or to the first.
func choose(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	number := r.Header.Get(handlertest.SitesField)
	r.Header.Del(handlertest.SitesField)
	n, err := strconv.Atoi(number)
	if number != "" && err != nil {
		fail(err)
	}
	chosen := pick(n)
	if r.Header.Get(handlertest.CloneField) != "" {
		r.Header.Del(handlertest.CloneField)
		r = r.CloneWithBody(r.Body)
	}
	if r.Header.Get(handlertest.NextField) != "" {
		r.Header.Del(handlertest.NextField)
		chosen.next.ServeHTTP(ctx, w, r)
		return
	}
	chosen.alone.ServeHTTP(ctx, w, r)
}

func pick(n int) *pair {
	if n < len(links) {
		return links[n]
	}
	text, err := os.ReadFile("/" + strconv.Itoa(n) + ".json")
	if err != nil {
		fail(err)
	}
	return of(string(text))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

//lint:ignore U1000 the host calls it
//go:wasmexport serve
func serve() { handler.Serve(fsthttp.HandlerFunc(choose)) }

//lint:ignore U1000 the host calls it
//go:wasmexport serve_many
func serveMany() {
	handler.ServeMany(fsthttp.HandlerFunc(choose), &fsthttp.ServeManyOptions{MaxRequests: 3})
}

func main() { serve() }
