//go:build wasip1

// Guest is a small program that uses edge/handler, for tests that run it as it
// is compiled, and prewarmed. The file /sites.json has the text of one sites.json
// or of several, with a NUL between: which of them answers is said by the entry
// "sites" of the config store "handlertest", a number. So many cases need one
// module.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/fastly/compute-sdk-go/configstore"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/handler"
)

var links = load()

func load() (list []*handler.Handler) {
	text, err := os.ReadFile("/sites.json")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for one := range strings.SplitSeq(string(text), "\x00") {
		sites, err := sitesjson.Parse("sites.json", []byte(one))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		list = append(list, handler.New(sites, handler.Options{}))
	}
	return list
}

// chosen is which of the handlers answers.
func chosen() int {
	store, err := configstore.Open("handlertest")
	if err != nil {
		return 0
	}
	text, err := store.Get("sites")
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= len(links) {
		fmt.Fprintln(os.Stderr, "there are no such sites: "+text)
		os.Exit(1)
	}
	return n
}

//lint:ignore U1000 the host calls it
//go:wasmexport serve
func serve() { handler.Serve(links[chosen()]) }

func main() { serve() }
