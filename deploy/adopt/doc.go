// Package adopt takes over a link domain that stands somewhere already: it takes
// what the doctor has seen of it for a site of sites.json, and says the road to
// the cut-over.
//
// Start with [Take], which fills a draft from a report, and with [Road.Guide].
//
// It claims nothing that was not seen. Where links lead cannot be seen from
// outside, nor what the configuration of another proxy says; that is said. The
// files that let apps open links are kept byte for byte, unless the ESP serves
// them itself.
//
// The road moves no reader before there is something that answers, and says the
// way back.
package adopt
