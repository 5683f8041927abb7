// Package fastlyapi is the client for Fastly's API: go-fastly with what it
// lacks put around it.
//
// Start with [New], with [Client.PutSecret] for secrets and with
// [Client.Fastly] for everything else. Whatever goes through either never sends
// the token anywhere but to the API's own host, follows no redirect, repeats
// only what does no harm, and has its token and secrets taken out of every
// error and of every line of the trace, whatever the API says. [Cause] makes
// errors of go-fastly fit to print.
//
// The calls are those of Fastly's reference
// (https://www.fastly.com/documentation/reference/api/).
package fastlyapi
