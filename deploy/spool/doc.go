// Package spool delivers the click log over HTTPS, and keeps its lines on disk
// until the receiver has taken them.
//
// Start with [Open], whose [Spool] takes lines, and with [Deliver], which sends
// them to a [Receiver] in batches. A [Batch] is a file in the spool's folder:
//
//	<id>.open     takes lines now
//	<id>.ndjson   whole, and not changed any more: waits for the receiver
//	<id>.damaged  what was no whole line, as after a crash, for the operator
//	lock          held by the process that has the folder
//
// The promises:
//
//   - A line for which Write has returned nil is with the operating system. A
//     process that is killed loses none of them.
//   - It is on the disk a second later. A machine that loses power may lose what
//     was written in that second.
//   - A batch is removed when the receiver has answered 2xx, and is sent again,
//     with the same id and the same bytes, until then. So each line arrives at
//     least once, and twice only within a batch that arrives twice.
//   - The receiver gets whole lines only, those of an earlier process before
//     those of a later one. Of a file that the disk has damaged, what is no
//     whole line stays for the operator.
//   - The folder has a bound. Beyond it Write fails, and says so; nothing waits
//     for the receiver.
package spool
