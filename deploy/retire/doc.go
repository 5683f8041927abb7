// Package retire takes a link domain away from an ESP: it says beforehand, from
// the click log, what would become of the links in mail that was sent, and makes
// the change in sites.json.
//
// Start with [Forecast], which counts the log, and with [Order.Change], which
// changes the file's text in one site and nowhere else. The log has no paths, so
// a forecast is in three parts: what the log shows to land, what may land, and
// what gets a page.
package retire
