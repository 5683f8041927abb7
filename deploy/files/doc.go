// Package files reads what an operator names on a command line, and writes what
// comes of it.
//
// Start with [Read], which takes a whole file and refuses one that is too long
// before it reads it, [Open], which streams and unpacks a log, and [Replace],
// which writes a file whole or not at all. For all of them the name "-" is
// standard input or output; a file of that name is "./-".
//
// Reading ends as soon as the context does, be it a pipe that nobody writes to
// or a terminal at which nobody types. What a killed process would leave behind
// is removed by [RemoveTemporary].
package files
