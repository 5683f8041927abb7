//go:build wasip1

// Corefsthttp is a program on Fastly's SDK that has the link domain in it by
// edge/handler. Stock, its main is called; prewarmed, serve is.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/handler"
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
	return handler.New(sites, handler.Options{})
}

//go:wasmexport serve
func serve() { handler.Serve(links) }

func main() { serve() }
