// Package handler answers a branded link domain inside a program for Fastly
// Compute that is written with Fastly's own SDK (compute-sdk-go).
//
// Start with [New], which makes an [fsthttp.Handler] of sites, and [Serve], in
// place of [fsthttp.Serve]. [Options.Next] is the program that was there before:
// it gets the requests for all other hosts.
//
// What a request gets is decided in package core, as in the module (edge) and
// in the server (deploy/server); here it is carried out by the SDK. The service
// needs the same backends, stores and log endpoint as the module's, under the
// names in core/contract, and the log has the same lines. Where the SDK does not
// let this package do what the module does, the README says so.
//
// A handler holds no secret: they are read when a link names its key, and
// zeroed when it has been verified.
package handler
