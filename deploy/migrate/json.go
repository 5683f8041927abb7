package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decodeJSON reads one JSON document into a struct; unknown members are
// ignored. The error has the place.
func decodeJSON[T any](name string, data []byte, into *T) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); more == io.EOF {
			return nil
		}
		return placed(name, data, dec.InputOffset(), "something follows the end of the JSON")
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return placed(name, data, syntax.Offset, strings.TrimPrefix(syntax.Error(), "json: "))
	case errors.As(err, &kind):
		field := strings.ReplaceAll(kind.Field, "cloudFrontConfig.", "") // an embedded type's name is not in the JSON
		return placed(name, data, kind.Offset, fmt.Sprintf("%s is a %s", field, kind.Value))
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return placed(name, data, int64(len(data)), "the JSON ends in the middle")
	}
	return &Error{Name: name, Problem: strings.TrimPrefix(err.Error(), "json: ")}
}

func placed(name string, data []byte, offset int64, problem string) error {
	before := data[:min(int(offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &Error{Name: name, Line: line, Column: max(1, column-1), Problem: problem}
}

// Fastly's API writes numbers and booleans as such or as strings ("443", "1"),
// and null for what is not set.

type looseText string

// UnmarshalJSON takes a string, a number, true or false, or null.
func (t *looseText) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case string(b) == "null":
		return nil
	case b[0] != '"':
		*t = looseText(b)
		return nil
	}
	err := json.Unmarshal(b, &s)
	*t = looseText(s)
	return err
}

type looseInt int

// UnmarshalJSON takes a number, a number in a string, or null; what is no
// number is 0.
func (n *looseInt) UnmarshalJSON(b []byte) error {
	v, _ := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 32)
	*n = looseInt(v)
	return nil
}

type looseBool bool

// UnmarshalJSON takes true and false, 1 and 0, the same in strings, or null.
func (v *looseBool) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	*v = looseBool(s == "true" || s == "1")
	return nil
}

// jsonPath is the place of what is read in a JSON document.
type jsonPath string

// at is a place below it.
func (p jsonPath) at(format string, args ...any) string {
	return string(p) + fmt.Sprintf(format, args...)
}
