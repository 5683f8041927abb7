// Package teach learns the links of a mail beforehand: it reads the mail that a
// sender has sent to himself, finds the links that only the ESP can read,
// follows each once, and says where they lead. So they are known before the
// first reader clicks.
//
// Start with [ReadMail], [Links] and [Lesson.Follow].
package teach
