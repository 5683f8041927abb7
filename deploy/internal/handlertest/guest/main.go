//go:build wasip1

// Guest is a small program that uses edge/handler, for tests that run it as it
// is compiled, and prewarmed. The file /sites.json has the text of one sites.json
// or of several, with a NUL between; or there are files /0.json, /1.json and so
// on, one of which is read for a request, as a program that is not prewarmed
// reads its sites for each. Which of them answers is said by the field
// Handlertest-Sites of a request, a number, that the handler does not see. So
// many cases need one module and one host.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/internal/handlertest"
	"github.com/clickedge/clickedge/edge/handler"
)

var links = load()

func load() (list []*handler.Handler) {
	text, err := os.ReadFile("/sites.json")
	if err != nil {
		return nil
	}
	for one := range strings.SplitSeq(string(text), "\x00") {
		list = append(list, of(one))
	}
	return list
}

func of(text string) *handler.Handler {
	sites, err := sitesjson.Parse("sites.json", []byte(text))
	if err != nil {
		fail(err)
	}
	return handler.New(sites, handler.Options{})
}

// choose hands the request to the handler that it names, or to the first.
func choose(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	number := r.Header.Get(handlertest.SitesField)
	r.Header.Del(handlertest.SitesField)
	n, err := strconv.Atoi(number)
	if number != "" && err != nil {
		fail(err)
	}
	if n < len(links) {
		links[n].ServeHTTP(ctx, w, r)
		return
	}
	text, err := os.ReadFile("/" + strconv.Itoa(n) + ".json")
	if err != nil {
		fail(err)
	}
	of(string(text)).ServeHTTP(ctx, w, r)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

//lint:ignore U1000 the host calls it
//go:wasmexport serve
func serve() { handler.Serve(fsthttp.HandlerFunc(choose)) }

func main() { serve() }
