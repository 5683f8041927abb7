// Package fastlytest is an API like Fastly's, for tests: services and their
// versions, domains, TLS subscriptions, packages, log endpoints, config and
// secret stores. It keeps everything in memory and fails on demand. Start with
// [New], and serve it with net/http/httptest.
//
// It is never more lenient than the real API where the latter is known. A
// version that is or was active is locked. A field that a request sends as null
// is emptied, so a domain that is updated without its service leaves the
// service. Secrets are opened as the real API opens them. [API.Off] lists the
// requests after which a host was no longer served.
//
// Shapes are those of the recordings that come with
// github.com/fastly/go-fastly/v16 and of Fastly's API reference
// (https://www.fastly.com/documentation/reference/api/). What no recording
// shows is marked where it is decided.
package fastlytest
