package keyring

import "fmt"

// Error says what is wrong with a key file or with several of them together. It
// never quotes a secret.
type Error struct {
	From string // the source of the secret; "" if there are several
	What string
	Hint string // what to do about it; may be empty
}

// Error gives place and cause.
func (e *Error) Error() string {
	if e.From == "" {
		return e.What
	}
	return e.From + ": " + e.What
}

// at adds the source to an error.
func at(from string, err *Error) error {
	err.From = from
	return err
}

func wrong(hint, format string, args ...any) *Error {
	return &Error{What: fmt.Sprintf(format, args...), Hint: hint}
}
