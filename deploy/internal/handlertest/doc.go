// Package handlertest builds the small program of guest, which has edge/handler
// in it, for the tests that run it.
package handlertest

// What a request tells the program: see guest.
const (
	SitesField = "Handlertest-Sites" // which sites answer
	NextField  = "Handlertest-Next"  // if there is one: other hosts have an answer, too
	CloneField = "Handlertest-Clone" // if there is one: the handler gets a clone
	Many       = "serve_many"        // the entry that answers three requests
)
