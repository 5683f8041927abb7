package warehouse

import (
	"embed"
	"regexp"
)

//go:embed */schema.sql */load.sql
var statements embed.FS

// The databases that Go code uses the statements of.
const (
	DuckDB   = "duckdb"
	Postgres = "postgres"
)

// Schema returns the statements that make a database's table and view. They do
// nothing where both are there.
func Schema(database string) string { return statement(database, "schema.sql") }

// Load returns the statements by which the lines of the file clicks.ndjson get
// into the table.
func Load(database string) string { return statement(database, "load.sql") }

func statement(database, name string) string {
	b, err := statements.ReadFile(database + "/" + name)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return string(b)
}

// Column is a column of the table.
type Column struct {
	Name, Type string
	Always     bool // each line has it
}

var columnLine = regexp.MustCompile(`(?m)^  "(\w+)" (\w+)( NOT NULL)?,?$`)

// Columns are those of a database's table. A newer version of the log may have
// more than a table that was made before.
func Columns(database string) (list []Column) {
	for _, m := range columnLine.FindAllStringSubmatch(Schema(database), -1) {
		list = append(list, Column{m[1], m[2], m[3] != ""})
	}
	return list
}
