package loader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/deploy/warehouse"
)

// columns are those that every line is held against: what they take is the same
// in each database.
var columns = warehouse.Columns(warehouse.DuckDB)

// unfit says why a line is not one that the tables take; nil for one that is. It
// finds without a database what each would refuse for. The rest is the
// database's to find.
func unfit(line []byte) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return errors.New("it is no JSON object")
	}
	for _, c := range columns {
		value, ok := members[c.Name]
		null := !ok || string(value) == "null"
		switch {
		case c.Always && null:
			return fmt.Errorf("it has no member %q", c.Name)
		case !null && strings.EqualFold(c.Type, "bigint") && json.Unmarshal(value, new(int64)) != nil:
			return fmt.Errorf("its member %q is no whole number", c.Name)
		}
	}
	return nil
}

// firstUnfit is where the first line is that the tables do not take, and where
// it ends; the length of the text where all fit.
func firstUnfit(text []byte) (at, end int, why error) {
	for line := range bytes.Lines(text) {
		if why := unfit(line); why != nil {
			return at, at + len(line), why
		}
		at += len(line)
	}
	return at, at, nil
}
