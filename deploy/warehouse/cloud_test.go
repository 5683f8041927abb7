package warehouse

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/input"
)

// How BigQuery's table is cut and sorted.
const bigqueryDay = "time"

var bigqueryCluster = []string{"host", "esp"}

const athenaSerde = "org.openx.data.jsonserde.JsonSerDe"

// athenaDay is the column that the folders' names are.
func athenaDay() string {
	name, _, _ := strings.Cut(clicklog.DayFolder, "=")
	return name
}

// athenaFormat is the day in Java's words, and athenaFolder the folder in
// Athena's.
func athenaFormat() string {
	_, day, _ := strings.Cut(strings.TrimSuffix(clicklog.DayFolder, "/"), "=")
	return strings.NewReplacer("%Y", "yyyy", "%m", "MM", "%d", "dd").Replace(day)
}

func athenaFolder() string { return athenaDay() + "=${" + athenaDay() + "}/" }

// athenaProjection are the table's properties: the days are worked out, not
// listed. No line of the log is older than its first day.
func athenaProjection() [][2]string {
	p := "projection." + athenaDay() + "."
	return [][2]string{
		{"projection.enabled", "true"}, {p + "type", "date"}, {p + "format", athenaFormat()}, {p + "range", "2026-01-01,NOW+1DAYS"},
		{p + "interval", "1"}, {p + "interval.unit", "DAYS"},
	}
}

// athenaOptions closes the definition of Athena's table.
func athenaOptions() string {
	prefix := "s3://BUCKET/" + strings.TrimSuffix(clicklog.Folder, clicklog.DayFolder)
	var properties []string
	for _, p := range append(athenaProjection(), [2]string{"storage.location.template", prefix + athenaFolder()}) {
		properties = append(properties, "  '"+p[0]+"' = '"+p[1]+"'")
	}
	return ")\nPARTITIONED BY (`" + athenaDay() + "` string)\nROW FORMAT SERDE '" + athenaSerde + "'\nLOCATION '" + prefix + "'\nTBLPROPERTIES (\n" + strings.Join(properties, ",\n") + "\n);"
}

// terraformFiles are what the Terraform modules read of the log, by path.
func terraformFiles(list []member) map[string]object {
	files := map[string]object{"clicklog.json": {"path": clicklog.Folder}}
	for _, d := range dialects() {
		switch d.name {
		case "bigquery":
			files["bigquery/clicklog.json"] = bigqueryTable(d, list)
		case "athena":
			files["athena/clicklog.json"] = athenaTable(d, list)
		}
	}
	return files
}

// bigqueryTable is the table in the words of BigQuery's API.
func bigqueryTable(d dialect, list []member) object {
	var columns []object
	for _, m := range list {
		mode := "NULLABLE"
		if m.always {
			mode = "REQUIRED"
		}
		columns = append(columns, object{"name": m.name, "type": strings.Replace(d.types[m.kind], "INT64", "INTEGER", 1), "mode": mode})
	}
	return object{"table": "clickedge_log", "columns": columns, "day": bigqueryDay, "cluster": bigqueryCluster,
		"view": "clickedge_requests", "query": d.view(d.selected(list))}
}

// athenaTable is the table in the words of Glue's API, with the queries.
func athenaTable(d dialect, list []member) object {
	columns := []object{}
	for _, m := range list {
		columns = append(columns, object{"name": m.name, "type": d.column(m)})
	}
	parameters := object{}
	for _, p := range athenaProjection() {
		parameters[p[0]] = p[1]
	}
	queries := object{"clickedge_requests": d.createView(d.selected(list))}
	for _, part := range queryPattern.FindAllStringSubmatch(d.queries(), -1) {
		queries["clickedge_"+part[1]] = part[2]
	}
	prefix := strings.TrimSuffix(clicklog.Folder, clicklog.DayFolder)
	return object{"table": "clickedge_log", "columns": columns, "serde": athenaSerde, "day": athenaDay(), "day_folder": athenaFolder(),
		"folder": prefix, "path": clicklog.DayFolder, "parameters": parameters, "queries": queries}
}

// What the Terraform modules read is what the description says.
func TestTerraformFiles(t *testing.T) {
	for name, content := range terraformFiles(members(t)) {
		path := filepath.Join("..", "terraform", name)
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		require.NoError(t, e.Encode(content))
		if *update {
			require.NoError(t, os.WriteFile(path, text.Bytes(), 0o644))
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text.String(), string(have), "%s: run go test ./deploy/warehouse -update", path)
	}
}

// The columns that Terraform makes are, in order, type and mode, those of the
// DDL as it lies there.
func TestTerraformColumns(t *testing.T) {
	for name, types := range map[string]map[string]string{"bigquery": {"INTEGER": "INT64"}, "athena": {}} {
		var table struct {
			Columns []struct{ Name, Type, Mode string }
		}
		require.NoError(t, json.Unmarshal([]byte(text(t, "..", "terraform", name, "clicklog.json")), &table))
		var made []string
		for _, c := range table.Columns {
			typ := c.Type
			if types[typ] != "" {
				typ = types[typ]
			}
			if c.Mode == "REQUIRED" {
				typ += " NOT NULL"
			}
			made = append(made, c.Name+" "+typ)
		}
		var ddl []string
		for _, c := range regexp.MustCompile("(?m)^  `(\\w+)` ([A-Za-z0-9 ]+?),?$").FindAllStringSubmatch(text(t, name, "schema.sql"), -1) {
			ddl = append(ddl, c[1]+" "+c[2])
		}
		require.Equal(t, ddl, made, name)
		require.Greater(t, len(made), 20)
	}
	schema := text(t, "bigquery", "schema.sql")
	require.Contains(t, schema, "PARTITION BY DATE(`"+bigqueryDay+"`)\nCLUSTER BY `host`, `esp`;")
	require.Contains(t, text(t, "athena", "schema.sql"), "'storage.location.template' = 's3://BUCKET/clicks/dt=${dt}/'")
}

// clickedge clicks reads a tree as Fastly writes it by the path that Terraform
// and publish set, and each folder is one that Athena projects.
func TestTreeByDay(t *testing.T) {
	dir := t.TempDir()
	log := someLog(20_000)
	var want, have clickreport.Clicks
	require.NoError(t, want.Lines(bytes.NewReader(log), want.Line))
	folders, files := map[string]bool{}, map[string][]byte{}
	for line := range bytes.Lines(log) {
		at, err := time.Parse(time.RFC3339, string(regexp.MustCompile(`"time":"([^"]*)"`).FindSubmatch(line)[1]))
		require.NoError(t, err)
		folder := strings.NewReplacer("%Y", at.Format("2006"), "%m", at.Format("01"), "%d", at.Format("02")).Replace(clicklog.Folder)
		require.NotContains(t, folder, "%")
		folders[folder] = true
		path := filepath.Join(dir, filepath.FromSlash(folder), at.Format("2006-01-02T15:00:00.000")+"-AbCd.log.gz")
		files[path] = append(files[path], line...)
	}
	for path, text := range files { // a file may be several gzip streams
		half := len(text) / 2
		appendGzip(t, path, text[:half])
		appendGzip(t, path, text[half:])
	}
	require.Equal(t, map[string]bool{"clicks/dt=2026-02-28/": true, "clicks/dt=2026-03-01/": true}, folders)
	projected := regexp.MustCompile(`'storage.location.template' = 's3://BUCKET/(.*)'`).FindStringSubmatch(text(t, "athena", "schema.sql"))[1]
	for folder := range folders {
		day := strings.TrimSuffix(strings.TrimPrefix(folder, strings.TrimSuffix(projected, athenaFolder())+athenaDay()+"="), "/")
		_, err := time.Parse(strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02").Replace(athenaFormat()), day)
		require.NoError(t, err)
		require.Equal(t, folder, strings.Replace(projected, "${"+athenaDay()+"}", day, 1))
	}
	require.NoError(t, clicklog.Read(&input.Input{Ctx: t.Context()}, []string{dir}, &have.Reader, have.Line))
	require.Equal(t, want.Report().Total, have.Report().Total)
}

// appendGzip adds a gzip stream to a file, as collectors do.
func appendGzip(t *testing.T, path string, text []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}
