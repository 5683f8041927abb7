// Package fastlytest is an API like Fastly's, for tests: services and their
// versions, domains, TLS subscriptions, packages, log endpoints, config and
// secret stores. It keeps what it is given in memory and fails when told to.
// Start with [New], and serve it with net/http/httptest.
//
// It is never kinder than the real API where that is known. A version that is
// active, or was, is locked. A field that a request sends as null is emptied,
// so a domain that is updated without its service leaves the service. Secrets
// are opened as the real API opens them. [API.Off] lists each moment at which a
// host that was served stopped being served.
//
// Shapes are those of the recordings that come with
// github.com/fastly/go-fastly/v16 and of Fastly's API reference
// (https://www.fastly.com/documentation/reference/api/). What no recording
// shows is said where it is decided.
package fastlytest
