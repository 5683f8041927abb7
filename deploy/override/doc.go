// Package override reads and changes the overrides of a service: objects of
// sites, each under its host in the config store, which the module takes in
// place of those of sites.json from the next request on.
//
// Start with [Find], which finds the store of a service, and with
// [Store.Change], which asks, compares, writes and reads back. [Object] is one
// site's object, whose members keep their order and their text, and
// [Store.Check] says what the module would make of it.
package override
