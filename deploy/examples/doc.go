// Package examples holds a sites.json for each ESP and one for a group of
// brands. It has no code of its own: its test checks every file and sends its
// links through the module.
package examples
