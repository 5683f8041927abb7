// Package packaging has what "clickedge server" is installed and run with: the
// units of systemd (systemd), the Debian package (debian, and nfpms in
// .goreleaser.yaml), and the container's image (Dockerfile, compose.yaml, and
// image, which builds it without a daemon). The release puts them together
// (.ci/release); deploy/docs/server.md says how to use them.
//
// It has only tests, which try each with the program that it is made for, and
// is a Go module of its own, so that clickedge does not depend on libraries for
// images. Where such a program is missing a test is skipped, unless
// CLICKEDGE_PACKAGING=required is set.
package packaging
