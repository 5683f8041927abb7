// Package warehouse is the click log in SQL: for each database a table with all
// members of core/spec/click-log.md, how files of the log get into it, and a
// first set of queries. The tests make these files from the specification and
// run them on real databases, where they count what "clickedge clicks" counts.
package warehouse
