// Package tree keeps a click log in a folder of files, which "clickedge clicks"
// and databases read.
//
// Start with [Open], whose [Tree] takes batches of lines, and with
// [Tree.Files] and [Tree.Read], by which they get into databases. The folder:
//
//	clicks/2026/11/29/20261129T02-019c8f0a7b31-5d2e8f00.ndjson
//	                  │           │            └ random: no two collectors have it
//	                  │           └ milliseconds since 1970: names sort by age
//	                  └ the hour in which its lines came, UTC
//	rejected/2026-11-29.ndjson   what was no line of the log, as it came
//	open                         the name of the file that takes lines now
//	lock                         held by the process that has the folder
//
// The promises:
//
//   - A batch for which Append has returned nil is on the disk.
//   - A batch for which it has not leaves nothing behind that counts: what was
//     written of it is cut off again, or at the next start. Whole lines that a
//     killed process has left may stay; they are right, and the same lines of
//     the batch that comes again count once.
//   - Every file has whole lines only, but for the one that takes lines while a
//     batch is written to it.
//   - Bytes below the size that Files tells are never changed, so that a
//     database may go by them.
package tree
