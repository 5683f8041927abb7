// Package fastlyapi is the client for Fastly's API: go-fastly with retries,
// sealed secrets and errors without secrets.
//
// Start with [New], with [Client.PutSecret] for secrets and with
// [Client.Fastly] for everything else. Both send the token to the API's host
// only, follow no redirect, repeat a call only where that does no harm, and
// remove the token and secrets from every error and every line of the trace.
// [Cause] makes errors of go-fastly safe to print.
//
// The calls are those of Fastly's reference
// (https://www.fastly.com/documentation/reference/api/).
package fastlyapi
