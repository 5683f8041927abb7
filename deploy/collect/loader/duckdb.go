package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/warehouse"
)

// duckDB is a DuckDB database in a file. The program duckdb loads into it, which
// has the file for the time of a load only: others may read it between two.
type duckDB struct {
	program, file, dir string
}

var _ Database = (*duckDB)(nil)

const duckHint = "install the command duckdb (https://duckdb.org/docs/installation), or name it with --duckdb-program"

// DuckDB returns a database in a file. program is the command that loads; dir is
// a folder for lines on their way.
func DuckDB(file, program, dir string) (Database, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("the program %q cannot be found, which loads into DuckDB", clean.Cut(program, 120)), duckHint)
	}
	if file, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return nil, failure.Usage(fmt.Errorf("there is no folder for the database %q", clean.Cut(file, 200)), "make the folder, or name another file with --duckdb")
	}
	left, err := filepath.Glob(filepath.Join(dir, partPattern))
	for _, name := range left { // of a process that was killed; its lines are in the folder
		err = errors.Join(err, os.Remove(name))
	}
	return &duckDB{program: path, file: file, dir: dir}, err
}

// partPattern is the name of a file with lines on their way.
const partPattern = ".part-*.ndjson"

// Name implements Database.
func (db *duckDB) Name() string { return fmt.Sprintf("the DuckDB database %q", db.file) }

// Close implements Database.
func (db *duckDB) Close() {}

// Prepare implements Database. A table that has all columns is left as it is.
func (db *duckDB) Prepare(ctx context.Context) error {
	var columns []string
	for _, c := range warehouse.Columns(warehouse.DuckDB) {
		columns = append(columns, `"`+c.Name+`"`)
	}
	list := strings.Join(columns, ", ")
	if _, err := os.Stat(db.file); err == nil {
		if _, err := db.run(ctx, "SELECT "+list+" FROM clickedge_log LIMIT 0;\nSELECT "+list+" FROM clickedge_requests LIMIT 0;\nSELECT file, bytes FROM clickedge_collected LIMIT 0;"); err == nil {
			return nil
		}
	}
	_, err := db.run(ctx, "BEGIN;\n"+strings.Join(prepareStatements(warehouse.DuckDB), ";\n")+";\nCOMMIT;\n")
	return err
}

// Loaded implements Database.
func (db *duckDB) Loaded(ctx context.Context) (map[string]int64, error) {
	said, err := db.run(ctx, "SELECT file, bytes FROM clickedge_collected;")
	if err != nil {
		return nil, err
	}
	loaded := map[string]int64{}
	for line := range strings.Lines(said) {
		file, size, ok := strings.Cut(strings.TrimSpace(line), ",")
		n, err := strconv.ParseInt(size, 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("the program duckdb gives no list of files, but %q", clean.Cut(strings.TrimSpace(line), 120))
		}
		loaded[file] = n
	}
	return loaded, nil
}

// Load implements Database.
func (db *duckDB) Load(ctx context.Context, p Part) error {
	load := ""
	if len(p.Lines) > 0 {
		name, err := db.write(p.Lines)
		if err != nil {
			return err
		}
		defer os.Remove(name)
		load = strings.Replace(warehouse.Load(warehouse.DuckDB), "'clicks.ndjson'", quoted(name), 1)
	}
	_, err := db.run(ctx, fmt.Sprintf(`BEGIN;
%s
SELECT CASE WHEN COALESCE((SELECT bytes FROM clickedge_collected WHERE file = %[2]s), 0) = %[3]d THEN 0 ELSE error(%[5]s) END;
INSERT INTO clickedge_collected VALUES (%[2]s, %[4]d) ON CONFLICT (file) DO UPDATE SET bytes = EXCLUDED.bytes;
COMMIT;
`, load, quoted(p.File), p.From, p.To, quoted(errMoved.Error())))
	return err
}

// write puts lines into a file, which the program reads.
func (db *duckDB) write(lines []byte) (name string, err error) {
	f, err := os.CreateTemp(db.dir, partPattern)
	if err != nil {
		return "", err
	}
	if _, err = f.Write(lines); err != nil {
		return "", errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f.Name(), f.Close()
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// dataError is what DuckDB says of lines that it does not take.
var dataError = regexp.MustCompile(`(?m)^(Conversion|Constraint|Out of Range|Invalid Input) Error: ?(.*)`)

// run runs statements, as one script that ends at the first error. Nothing of
// the user's own settings is read.
func (db *duckDB) run(ctx context.Context, script string) (said string, err error) {
	cmd := exec.CommandContext(ctx, db.program, "-batch", "-bail", "-csv", "-noheader", "-init", os.DevNull, db.file)
	asGroup(cmd)
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(script)
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	err = cmd.Run()
	text := strings.TrimSpace(wrong.String())
	if err == nil && text == "" {
		return out.String(), nil
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("the program duckdb did not end in time: %w", ctx.Err())
	}
	if strings.Contains(text, errMoved.Error()) {
		return "", errMoved
	}
	if m := dataError.FindStringSubmatch(text); m != nil {
		return "", fmt.Errorf("%w: %s Error", ErrRefused, m[1]) // what follows repeats the line
	}
	first, _, _ := strings.Cut(text, "\n")
	return "", errors.Join(fmt.Errorf("the program duckdb failed: %s", clean.Cut(first, 300)), err)
}
