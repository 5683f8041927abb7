// Package handlertest builds the small program of guest, which has edge/handler
// in it, for the tests that run it.
package handlertest

// SitesField is the field of a request that says which sites answer: see guest.
const SitesField = "Handlertest-Sites"
