package schematest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
)

// stores are the modules of the click log's tables, with their providers'
// schemas.
var stores = map[string]string{"bigquery": "google-provider-6.50.0.json", "athena": "aws-provider-6.json"}

// storeModule is one of them, with values of its arguments.
func storeModule(t *testing.T, name string, given map[string]cty.Value) *Evaluator {
	t.Helper()
	list, err := readFiles(filepath.Join(here, name))
	require.NoError(t, err)
	m := parse(list, schemaOf(t, stores[name]))
	m.folder = filepath.Join(here, name)
	e, err := NewEvaluator(m, ".", given)
	require.NoError(t, err)
	return e
}

// The modules of the tables fit their providers' schemas.
func TestStores(t *testing.T) {
	for name, schema := range stores {
		problems, err := Check(filepath.Join(here, name), schemaOf(t, schema))
		require.NoError(t, err)
		require.Empty(t, problems, name)
	}
}

// Slips in them are found.
func TestStoreSlips(t *testing.T) {
	for name, c := range map[string]struct{ store, from, to, want string }{
		"resource":   {"bigquery", `resource "google_bigquery_dataset"`, `resource "google_bigquery_datasets"`, `no resource "google_bigquery_datasets"`},
		"argument":   {"bigquery", "clustering  =", "cluster_by  =", "no argument google_bigquery_table.cluster_by"},
		"block":      {"bigquery", "time_partitioning {", "partitioning {", `no block "partitioning"`},
		"required":   {"bigquery", "    type          = \"DAY\"\n", "", `time_partitioning lacks "type"`},
		"reference":  {"bigquery", "google_bigquery_table.log.table_id", "google_bigquery_table.logs.table_id", "there is no google_bigquery_table.logs"},
		"attribute":  {"bigquery", "google_bigquery_dataset.clicks.dataset_id", "google_bigquery_dataset.clicks.name", `has no attribute "name"`},
		"wrong type": {"bigquery", "deletion_protection = false # it holds nothing", `deletion_protection = "no"`, "deletion_protection is a string, not a bool"},
		"athena":     {"athena", "serialization_library =", "serialisation_library =", "no argument aws_glue_catalog_table.storage_descriptor.ser_de_info.serialisation_library"},
		"dynamic":    {"athena", `dynamic "columns"`, `dynamic "column"`, `no block "column"`},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := readFiles(filepath.Join(here, c.store))
			require.NoError(t, err)
			text := string(list["main.tf"])
			require.Contains(t, text, c.from)
			list["main.tf"] = []byte(strings.Replace(text, c.from, c.to, 1))
			require.Contains(t, strings.Join(CheckFiles(list, schemaOf(t, stores[c.store])), "\n"), c.want)
		})
	}
}

// argument is an argument of a resource, or of a block in it.
func (e *Evaluator) argument(t *testing.T, resource string, path ...string) cty.Value {
	t.Helper()
	b := e.module.resources[resource]
	require.NotNil(t, b, resource)
	body := b.Body
	for _, name := range path[:len(path)-1] {
		var found *hclsyntax.Body
		for _, inner := range body.Blocks {
			if inner.Type == name {
				found = inner.Body
			}
		}
		require.NotNil(t, found, name)
		body = found
	}
	a := body.Attributes[path[len(path)-1]]
	require.NotNil(t, a, path)
	v, err := e.Value(a.Expr, nil)
	require.NoError(t, err)
	return v
}

// clickLog is the generated file of a module.
func clickLog(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(here, name, "clicklog.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// BigQuery's table has the columns of the description, and is cut and sorted as
// its DDL says; the view asks this table.
func TestBigQueryTable(t *testing.T) {
	given := map[string]cty.Value{"project_id": cty.StringVal("brand-1"), "location": cty.StringVal("EU"), "keep_days": cty.NumberIntVal(400)}
	e := storeModule(t, "bigquery", given)
	e.Set("google_bigquery_table.log", cty.ObjectVal(map[string]cty.Value{"table_id": cty.StringVal("clickedge_log")}))
	var log struct {
		Columns, Cluster any
		Query            string
	}
	clickLog(t, "bigquery", &log)
	var columns any
	require.NoError(t, json.Unmarshal([]byte(e.argument(t, "google_bigquery_table.log", "schema").AsString()), &columns))
	require.Equal(t, log.Columns, columns)
	require.Equal(t, cty.StringVal("time"), e.argument(t, "google_bigquery_table.log", "time_partitioning", "field"))
	require.Equal(t, "34560000000", e.argument(t, "google_bigquery_table.log", "time_partitioning", "expiration_ms").AsBigFloat().Text('f', 0))
	query := e.argument(t, "google_bigquery_table.requests", "view", "query").AsString()
	require.Equal(t, strings.Replace(log.Query, "clickedge_log", "`brand-1.clicks.clickedge_log`", 1), query)
	require.NotContains(t, strings.ReplaceAll(query, "`brand-1.clicks.clickedge_log`", ""), "clickedge_log")

	delete(given, "keep_days")
	e = storeModule(t, "bigquery", given)
	require.True(t, e.argument(t, "google_bigquery_table.log", "time_partitioning", "expiration_ms").IsNull(), "kept for good")
	require.Equal(t, 0, e.argument(t, "google_bigquery_table_iam_member.writer", "for_each").LengthInt())
}

// Athena's table expects the folders that the clickedge module lets Fastly
// write, by itself and by the output that is handed on.
func TestAthenaFolders(t *testing.T) {
	for folder, want := range map[string]string{"": "clicks/", "logs/brand/": "logs/brand/"} {
		given := map[string]cty.Value{"bucket": cty.StringVal("brand-clicks")}
		if folder != "" {
			given["folder"] = cty.StringVal(folder)
		}
		e := storeModule(t, "athena", given)
		parameters := e.argument(t, "aws_glue_catalog_table.log", "parameters").AsValueMap()
		require.Equal(t, "s3://brand-clicks/"+want+"dt=${dt}/", parameters["storage.location.template"].AsString())
		require.Equal(t, "s3://brand-clicks/"+want, e.argument(t, "aws_glue_catalog_table.log", "storage_descriptor", "location").AsString())
		var log struct {
			Parameters map[string]string
			Day, Path  string
		}
		clickLog(t, "athena", &log)
		for name, value := range log.Parameters {
			require.Equal(t, value, parameters[name].AsString())
		}
		require.Equal(t, log.Day, e.argument(t, "aws_glue_catalog_table.log", "partition_keys", "name").AsString())
		written := output(t, e, "log").GetAttr("path").AsString()
		require.Equal(t, want+log.Path, written)
		if folder == "" {
			require.Equal(t, defaultPath(t, "s3"), written)
			require.Equal(t, defaultPath(t, "gcs"), written)
		}
		day := strings.NewReplacer("%Y", "2026", "%m", "03", "%d", "01").Replace(written)
		require.Equal(t, "s3://brand-clicks/"+day, strings.Replace(parameters["storage.location.template"].AsString(), "${dt}", "2026-03-01", 1))
	}
}

// defaultPath is the clickedge module's path where none is given.
func defaultPath(t *testing.T, kind string) string {
	t.Helper()
	e, err := NewEvaluator(parse(files(t), schema(t)), ".", map[string]cty.Value{"sites": cty.StringVal(""), "plan": cty.StringVal(""), "package": cty.StringVal("")})
	require.NoError(t, err)
	takes, err := e.local("log_takes")
	require.NoError(t, err)
	return takes.GetAttr(kind).GetAttr("path").AsString()
}

func output(t *testing.T, e *Evaluator, name string) cty.Value {
	t.Helper()
	for _, body := range e.module.bodies {
		for _, b := range body.Blocks {
			if b.Type == "output" && b.Labels[0] == name {
				v, err := e.Value(b.Body.Attributes["value"].Expr, nil)
				require.NoError(t, err)
				return v
			}
		}
	}
	require.Fail(t, "no output "+name)
	return cty.NilVal
}

// A slip in an argument is refused before anything is made.
func TestStoreRefusals(t *testing.T) {
	fine := map[string]map[string]cty.Value{
		"bigquery": {"project_id": cty.StringVal("p"), "location": cty.StringVal("EU")},
		"athena":   {"bucket": cty.StringVal("b")},
	}
	for _, c := range []struct {
		store, name string
		value       cty.Value
		want        string
	}{
		{"bigquery", "dataset", cty.StringVal("my-clicks"), "dataset may have letters"},
		{"bigquery", "keep_days", cty.NumberIntVal(0), "keep_days must be"},
		{"bigquery", "keep_days", cty.NumberFloatVal(1.5), "keep_days must be"},
		{"bigquery", "writer", cty.StringVal("serviceAccount:f@p.iam.gserviceaccount.com"), "writer must be the e-mail address"},
		{"bigquery", "writer", cty.StringVal(""), "writer must be the e-mail address"},
		{"athena", "bucket", cty.StringVal("s3://b"), "bucket must be the bucket's name"},
		{"athena", "folder", cty.StringVal("/clicks/"), "begin with none"},
		{"athena", "folder", cty.StringVal("clicks"), "end with a slash"},
		{"athena", "folder", cty.StringVal("clicks/%Y/"), "folder must be"},
		{"athena", "database", cty.StringVal("Clicks"), "lower-case letters"},
	} {
		given := maps.Clone(fine[c.store])
		refused, err := storeModule(t, c.store, given).Refusals()
		require.NoError(t, err)
		require.Empty(t, refused)
		given[c.name] = c.value
		refused, err = storeModule(t, c.store, given).Refusals()
		require.NoError(t, err)
		require.Len(t, refused, 1, c.name)
		require.Contains(t, refused[0], c.want)
	}
}

// The README's examples name modules that are there, with all arguments that
// they need and none that they do not have.
func TestReadmeModules(t *testing.T) {
	readme, err := os.ReadFile(here + "/README.md")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, block := range regexp.MustCompile("(?ms)^```hcl\n(.*?)^```").FindAllStringSubmatch(string(readme), -1) {
		f, diags := hclparse.NewParser().ParseHCL([]byte(block[1]), "README.md")
		require.False(t, diags.HasErrors(), diags.Error())
		for _, b := range f.Body.(*hclsyntax.Body).Blocks {
			if b.Type != "module" {
				continue
			}
			source, diags := b.Body.Attributes["source"].Expr.Value(nil)
			require.False(t, diags.HasErrors())
			folder := strings.TrimPrefix(source.AsString(), "./clickedge/deploy/terraform")
			used[folder] = true
			requireArguments(t, here+folder, b.Body)
		}
	}
	require.Equal(t, map[string]bool{"": true, "/bigquery": true, "/athena": true}, used)
}

func requireArguments(t *testing.T, folder string, body *hclsyntax.Body) {
	t.Helper()
	list, err := readFiles(folder)
	require.NoError(t, err)
	m := parse(list, &Schema{})
	for name := range body.Attributes {
		require.True(t, name == "source" || m.declared[name] != nil, "%s has no %s", folder, name)
	}
	for name, v := range m.declared {
		require.True(t, v.Body.Attributes["default"] != nil || body.Attributes[name] != nil, "%s needs %s", folder, name)
	}
}
