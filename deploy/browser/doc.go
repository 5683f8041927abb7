// Package browser holds the tests that need a browser: one opens mail in
// Chromium and clicks its links, through TLS and plain http, through the built
// module, past stand-in ESPs, to the page at the end; others read the doctor's
// reports and those of the click log, in light and dark, on a desktop and on a
// phone; and use the pages of inspector, serve and hostsim. It has only tests, and is a separate Go module so that clickedge does
// not depend on the library that controls the browser.
//
// The browser is $CHROMIUM, else chromium, chromium-browser or google-chrome on
// the PATH. If there is none the test is skipped, unless
// CLICKEDGE_BROWSER=required is set. CLICKEDGE_SCREENSHOTS names a folder for
// pictures of the page that a damaged link leads to, of the reports, and of these pages.
package browser
