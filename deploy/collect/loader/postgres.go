package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/warehouse"
)

// postgres is a PostgreSQL database.
type postgres struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn // nil for none
}

var _ Database = (*postgres)(nil)

const postgresHint = "name it as postgres://user@host/database?sslmode=verify-full; the password comes from PGPASSWORD, or from the file of PGPASSFILE (~/.pgpass)"

// secretParameter is one whose value nobody should see.
var secretParameter = regexp.MustCompile(`(?i)pass(word)?\s*=`)

// Postgres returns a PostgreSQL database. A password in its name is refused, as
// other programs can read it in the list of processes.
func Postgres(name string, warn func(text string)) (Database, error) {
	u, err := url.Parse(name)
	if err != nil && strings.Contains(name, "://") {
		return nil, failure.Usage(errors.New("the name of the database is no URL"), postgresHint)
	}
	if withPassword(u) || secretParameter.MatchString(name) {
		return nil, failure.Usage(errors.New("the name of the database has a password in it, which other programs can read in the list of processes"), postgresHint)
	}
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, failure.Usage(errors.New("the name of the database cannot be read: "+clean.Cut(reasonOf(err), 200)), postgresHint)
	}
	config.ConnectTimeout = 15 * time.Second
	config.RuntimeParams["application_name"] = "clickedge collect"
	db := &postgres{config: config}
	if !db.isSafe() {
		warn("warning: lines may go to " + db.Name() + " without TLS, or to whoever answers in its place: add sslmode=verify-full")
	}
	return db, nil
}

func withPassword(u *url.URL) bool {
	if u == nil {
		return false
	}
	for name := range u.Query() { // without percent encoding
		if secretParameter.MatchString(name + "=") {
			return true
		}
	}
	_, set := u.User.Password()
	return set
}

// reasonOf is an error of reading a name, without the name.
func reasonOf(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return "it has not the form of one"
}

// isSafe reports whether the connection stays on this machine, or is to the host
// that is named and to no other.
func (db *postgres) isSafe() bool {
	safe := func(host string, verified bool) bool {
		return strings.HasPrefix(host, "/") || host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" || verified
	}
	c := db.config
	all := safe(c.Host, c.TLSConfig != nil && !c.TLSConfig.InsecureSkipVerify)
	for _, f := range c.Fallbacks {
		all = all && safe(f.Host, f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify)
	}
	return all
}

// Name implements Database.
func (db *postgres) Name() string {
	return fmt.Sprintf("the PostgreSQL database %q on %s", db.config.Database, db.config.Host)
}

// Close implements Database.
func (db *postgres) Close() {
	if db.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = db.conn.Close(ctx)
		db.conn = nil
	}
}

// connect connects where there is no connection.
func (db *postgres) connect(ctx context.Context) (err error) {
	if db.conn != nil && !db.conn.IsClosed() {
		return nil
	}
	db.conn, err = pgx.ConnectConfig(ctx, db.config)
	return err
}

const (
	collectedTable = `CREATE TABLE IF NOT EXISTS clickedge_collected (file text PRIMARY KEY, bytes bigint NOT NULL)`
	// prepareLock keeps two collectors from making the tables at once.
	prepareLock = `SELECT pg_advisory_xact_lock(7165401812)`
	// advance says how far a file is loaded, if it was as far as we know.
	advance = `INSERT INTO clickedge_collected AS c (file, bytes) VALUES ($1, $2)
ON CONFLICT (file) DO UPDATE SET bytes = EXCLUDED.bytes WHERE c.bytes = $3`
)

// Prepare implements Database. What is there is left as it is: it may belong to
// another user.
func (db *postgres) Prepare(ctx context.Context) error {
	if err := db.connect(ctx); err != nil {
		return err
	}
	if db.complete(ctx) {
		return nil
	}
	tx, err := db.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, text := range append([]string{prepareLock}, prepareStatements(warehouse.Postgres)...) {
		if _, err := tx.Conn().PgConn().Exec(ctx, text).ReadAll(); err != nil {
			return fmt.Errorf("the tables cannot be made: %w; or make them yourself, with deploy/warehouse/postgres/schema.sql and: %s", err, collectedTable)
		}
	}
	return tx.Commit(ctx)
}

// complete reports whether tables and view have all that is needed.
func (db *postgres) complete(ctx context.Context) bool {
	var columns []string
	for _, c := range warehouse.Columns(warehouse.Postgres) {
		columns = append(columns, `"`+c.Name+`"`)
	}
	list := strings.Join(columns, ", ")
	for _, q := range []string{"SELECT " + list + " FROM clickedge_log LIMIT 0", "SELECT " + list + " FROM clickedge_requests LIMIT 0", "SELECT file, bytes FROM clickedge_collected LIMIT 0"} {
		if _, err := db.conn.PgConn().Exec(ctx, q).ReadAll(); err != nil {
			return false
		}
	}
	return true
}

// prepareStatements make what a database needs. A table of an earlier version
// gets the columns that it lacks; its view is made anew, since one cannot get a
// column between others.
func prepareStatements(database string) []string {
	schema := warehouse.Schema(database)
	table, after, _ := strings.Cut(schema, "\n);\n")
	list := []string{"DROP VIEW IF EXISTS clickedge_requests", table + "\n)"}
	for _, c := range warehouse.Columns(database) {
		list = append(list, fmt.Sprintf(`ALTER TABLE clickedge_log ADD COLUMN IF NOT EXISTS "%s" %s`, c.Name, c.Type))
	}
	return append(list, strings.TrimRight(strings.TrimSpace(after), ";"), collectedTable)
}

// Loaded implements Database.
func (db *postgres) Loaded(ctx context.Context) (map[string]int64, error) {
	rows, err := db.conn.Query(ctx, "SELECT file, bytes FROM clickedge_collected")
	if err != nil {
		return nil, err
	}
	loaded := map[string]int64{}
	var file string
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&file, &size}, func() error {
		loaded[file] = size
		return nil
	})
	return loaded, err
}

// Load implements Database.
func (db *postgres) Load(ctx context.Context, p Part) error {
	if err := db.connect(ctx); err != nil {
		return err
	}
	err := db.load(ctx, p)
	if refused := new(pgconn.PgError); errors.As(err, &refused) && isData(refused.Code) {
		// Detail and context repeat the line, and what is behind a colon a
		// part of it.
		message, _, _ := strings.Cut(refused.Message, `: "`)
		return fmt.Errorf("%w: %s (SQLSTATE %s)", ErrRefused, clean.Cut(message, 200), refused.Code)
	}
	return err
}

// isData reports whether an error is about the lines themselves: data exceptions
// (22), constraints (23), and limits (54), as of what an index takes.
func isData(code string) bool {
	return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23") || strings.HasPrefix(code, "54")
}

func (db *postgres) load(ctx context.Context, p Part) error {
	tx, err := db.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if len(p.Lines) > 0 {
		if err := copyLines(ctx, tx.Conn().PgConn(), p.Lines); err != nil {
			return err
		}
	}
	done, err := tx.Exec(ctx, advance, p.File, p.To, p.From)
	if err != nil {
		return err
	}
	if done.RowsAffected() != 1 {
		return errMoved
	}
	return tx.Commit(ctx)
}

// fromFile is the line of load.sql by which psql reads a file.
var fromFile = regexp.MustCompile(`(?m)^\\copy (\w+) FROM '[^']*' (WITH .*)$`)

// copyLines runs load.sql, with lines in the place of the file.
func copyLines(ctx context.Context, conn *pgconn.PgConn, lines []byte) error {
	text := warehouse.Load(warehouse.Postgres)
	at := fromFile.FindStringSubmatchIndex(text)
	before, after := text[:at[0]], text[at[1]:]
	command := "COPY " + text[at[2]:at[3]] + " FROM STDIN " + text[at[4]:at[5]]
	if _, err := conn.Exec(ctx, before).ReadAll(); err != nil {
		return err
	}
	if _, err := conn.CopyFrom(ctx, bytes.NewReader(lines), command); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, after).ReadAll()
	return err
}
