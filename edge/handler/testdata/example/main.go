package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/handler"
	"github.com/fastly/compute-sdk-go/fsthttp"
)

//go:embed sites.json
var text []byte

var links = load()

func load() *handler.Handler {
	sites, err := sitesjson.Parse("sites.json", text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return handler.New(sites, handler.Options{Next: fsthttp.HandlerFunc(shop)})
}

// shop is the program that was there before.
func shop(_ context.Context, w fsthttp.ResponseWriter, _ *fsthttp.Request) {
	w.Write([]byte("the shop\n"))
}

//go:wasmexport serve
func serve() { handler.Serve(links) }

func main() { serve() }
