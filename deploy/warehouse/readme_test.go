package warehouse

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/internal/enginetest"
)

// TestReadme runs the commands of the README word by word, and then again with
// a log whose last line is cut: that load fails, and the table stays as it was.
func TestReadme(t *testing.T) {
	log := someLog(200)
	for name, database := range map[string]struct {
		begins string // each of its commands
		env    func(t *testing.T) []string
		rows   []string // prints how many rows there are
	}{
		"duckdb": {"duckdb ", func(t *testing.T) []string { enginetest.Need(t, "duckdb"); return nil },
			[]string{"duckdb", "-noheader", "-list", "clicks.db", "SELECT count(*) FROM clickedge_log"}},
		"postgres": {"psql ", func(t *testing.T) []string {
			enginetest.Need(t, "psql")
			return []string{"PGHOST=" + enginetest.NewPostgres(t).Dir, "PGUSER=clickedge", "PGDATABASE=postgres"}
		}, []string{"psql", "-Atc", "SELECT count(*) FROM clickedge_log"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			env := append(os.Environ(), database.env(t)...)
			run := func(args ...string) (string, error) {
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Dir, cmd.Env = dir, env
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			for _, file := range []string{"schema.sql", "load.sql", "queries.sql", "upgrade.sql"} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text(t, name, file)), 0o600))
			}
			write := func(log []byte) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "clicks.ndjson"), log, 0o600))
			}
			write(log)
			commands := regexp.MustCompile(`(?m)^`+database.begins+`.*\.sql$`).FindAllString(text(t, "README.md"), -1)
			require.Len(t, commands, 5, "three, and two for an older table")
			for _, command := range commands {
				out, err := run("sh", "-c", command)
				require.NoError(t, err, "%s: %s", command, out)
			}
			before, err := run(database.rows...)
			require.NoError(t, err, before)
			require.Equal(t, strconv.Itoa(bytes.Count(log, []byte("\n"))), strings.TrimSpace(before))

			write(log[:len(log)-40])
			out, err := run("sh", "-c", commands[1])
			require.Error(t, err, "%s: %s", commands[1], out)
			after, err := run(database.rows...)
			require.NoError(t, err, after)
			require.Equal(t, before, after, "nothing of the file is in the table")
		})
	}
}
