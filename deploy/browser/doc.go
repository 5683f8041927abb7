// Package browser holds the tests that need a browser: one opens mail in
// Chromium and clicks its links, through TLS and plain http, through the built
// module, past stand-in ESPs, to the page at the end; one reads the doctor's
// reports, in light and dark, on a desk and on a phone. It has no code of its
// own, and is a Go module of its own so that what drives the browser is no
// dependency of clickedge's.
//
// The browser is $CHROMIUM, else chromium, chromium-browser or google-chrome on
// the PATH. Where there is none the test is skipped, unless
// CLICKEDGE_BROWSER=required is set. CLICKEDGE_SCREENSHOTS names a folder for
// pictures of the page that a damaged link leads to, and of the reports.
package browser
