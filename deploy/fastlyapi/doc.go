// Package fastlyapi puts secrets into Fastly's secret stores: the one part of a
// set-up that Terraform cannot do.
//
// Start with [New] and [Client.PutSecret]. A client never sends its token anywhere
// but to the API's own host, follows no redirect, and takes its token and the
// secrets out of every error and every line of its trace, whatever the API says.
//
// The calls are those of Fastly's reference, "Secret store" and "Secret store
// secret" (https://www.fastly.com/documentation/reference/api/services/resources/).
package fastlyapi
