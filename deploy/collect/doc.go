// Package collect receives the click log over HTTPS, from Fastly's log endpoint
// and from "clickedge server", and keeps it in a folder of files and in a
// database.
//
// Start with [Run]. The rooms below it:
//
//   - batch reads what a sender posts.
//   - tree keeps lines in files; a batch is answered when it is on the disk.
//   - loader brings the files into PostgreSQL or DuckDB.
//
// The promises:
//
//   - A batch that was answered with 200 is on the disk of this machine. It is in
//     the database some seconds later, or when that is there again.
//   - A batch that was not is sent again by its sender, and counts once though
//     parts of it may stand twice.
//   - What is no line of the click log is kept apart, and said.
//   - Nobody is heard who does not know the token. It is in no message.
package collect
