// Package journal takes the lines of a log without a system call for each.
//
// Start with [Open]. A [Journal] is a file that is mapped into memory. A line is
// copied there, and a goroutine writes what has come to the log's file, some
// hundred times a second at most.
//
// The promises:
//
//   - A line for which Write has returned nil is with the operating system, in
//     the journal or in the log. A process that is killed loses none of them: the
//     next one writes to the log what it lacks, and no line twice.
//   - The log has a line some milliseconds after Write, or when Close returns.
//   - While the log takes nothing, lines wait in the journal. When that is full,
//     Write fails, and says why; nothing waits for the log.
//   - A machine that loses power loses what was not on the disk, as it does of a
//     log without a journal. A part of the journal that does not match its
//     checksum then is kept in a file of its own, and not written to the log.
//
// Systems other than Linux have no journal.
package journal
