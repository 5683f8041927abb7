// Package files reads and writes the files that an operator names on the
// command line.
//
// Start with [Read], which takes a whole file and refuses one that is too long
// before it reads it, [Open], which streams and unpacks a log, and [Replace],
// which writes a file whole or not at all. For all of them the name "-" is
// standard input or output; a file of that name is "./-".
//
// Reading ends with the context, even from a pipe without a writer or a
// terminal without input. [RemoveTemporary] removes what a killed process would
// leave behind.
package files
