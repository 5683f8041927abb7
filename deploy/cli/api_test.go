package cli

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

// scriptToken is the API token that the stand-in takes. It is not set for
// scripts: those that need it do so.
const scriptToken = "token-that-nobody-may-see"

type apiKey struct{}

// setupAPI gives each script an API of its own.
func setupAPI(env *testscript.Env) {
	api := fastlytest.New(scriptToken)
	srv := httptest.NewServer(api)
	env.Defer(srv.Close)
	env.Values[apiKey{}] = api
	env.Setenv("FASTLY_API_ENDPOINT", srv.URL)
	env.Setenv("SIGNING_KEY", api.SigningKey())
	env.Setenv("TOKEN", scriptToken)
}

// apiCommand sets the stand-in up and looks into it:
//
//	api store NAME [KID=SECRET...]       make a store
//	api fail METHOD PATH STATUS [echo]   let the next one fail; 0 breaks off
//	api has STORE KID SECRET             the store has this secret
//	api lacks STORE KID                  it has none of this name
//	api service NAME BACKEND...          make a service with an active version
//	api item KEY FILE                    the config store's item is put there
//	api putitem KEY TEXT [READS]         somebody else writes an item, after that many reads, 0 for after a write
//	api noitem KEY                       there is none
//	api forget                           forget the calls so far
//	api issue HOST                       issue the host's certificate
//	api wrote nothing                    no call has written since the last time
//	api calls WANT...                    the methods since the last time
func apiCommand(ts *testscript.TestScript, neg bool, args []string) {
	api := ts.Value(apiKey{}).(*fastlytest.API)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: api store|fail|has|lacks|calls …")
	}
	rest := args[1:]
	switch args[0] {
	case "store":
		api.AddStore(rest[0], rest[1:]...)
	case "fail":
		status, err := strconv.Atoi(rest[2])
		ts.Check(err)
		api.Fail(fastlytest.Fault{Method: rest[0], Path: rest[1], Status: status, Echo: len(rest) > 3})
	case "has":
		if got, ok := api.Value(rest[0], rest[1]); !ok || got != rest[2] {
			ts.Fatalf("store %s has %q under %s", rest[0], got, rest[1])
		}
	case "lacks":
		if got, ok := api.Value(rest[0], rest[1]); ok {
			ts.Fatalf("store %s has %q under %s", rest[0], got, rest[1])
		}
	case "service":
		ts.Setenv("SERVICE", api.AddService(rest[0], "sites.json 000000000000", rest[1:]...))
	case "item":
		got, ok := api.Item(rest[0])
		if !ok {
			ts.Fatalf("there is no item %s", rest[0])
		}
		ts.Check(os.WriteFile(ts.MkAbs(rest[1]), []byte(got+"\n"), 0o644))
	case "putitem":
		if len(rest) == 2 {
			api.SetItem(rest[0], rest[1])
			break
		}
		reads, err := strconv.Atoi(rest[2])
		ts.Check(err)
		api.SetItemLater(reads, rest[0], rest[1])
	case "noitem":
		if got, ok := api.Item(rest[0]); ok {
			ts.Fatalf("item %s is %q", rest[0], got)
		}
	case "forget":
		api.Seen()
	case "issue":
		api.Issue(rest[0])
	case "wrote":
		for _, r := range api.Seen() {
			if r.Writes() {
				ts.Fatalf("wrote with %s", r)
			}
		}
	case "calls":
		requireCalls(ts, api, rest)
	default:
		ts.Fatalf("api has no %q", args[0])
	}
}

func requireCalls(ts *testscript.TestScript, api *fastlytest.API, want []string) {
	var got []string
	for _, r := range api.Seen() {
		got = append(got, r.Method)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		ts.Fatalf("calls %s, not %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}
