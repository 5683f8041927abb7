package output

import "strings"

// ShellQuote quotes a word for any POSIX shell.
func ShellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// ShellWord quotes a word where it would not be read as it is.
func ShellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"
	if strings.Trim(s, plain) == "" && !strings.HasPrefix(s, "-") {
		return s
	}
	return ShellQuote(s)
}
