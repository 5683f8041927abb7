package warehouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// sqlQuery is a query of Grafana's PostgreSQL source, which its schema does not
// have: the members are those of the type SQLQuery in Grafana's sources.
type sqlQuery struct {
	RefID      string         `json:"refId"`
	Datasource map[string]any `json:"datasource"`
	EditorMode string         `json:"editorMode"`
	Format     string         `json:"format"`
	RawQuery   bool           `json:"rawQuery"`
	RawSQL     string         `json:"rawSql"`
}

// ImplementsDataqueryVariant implements variants.Dataquery.
func (q *sqlQuery) ImplementsDataqueryVariant() {}

// Equals implements variants.Dataquery.
func (q *sqlQuery) Equals(other variants.Dataquery) bool { return other == variants.Dataquery(q) }

// DataqueryType implements variants.Dataquery.
func (q *sqlQuery) DataqueryType() string { return source()["type"].(string) }

// Validate implements variants.Dataquery.
func (q *sqlQuery) Validate() error {
	if q.RawSQL == "" || !q.RawQuery || q.EditorMode != "code" || q.Format != "table" && q.Format != "time_series" {
		return errors.New("not a query in SQL that is a table or a time series")
	}
	return nil
}

func init() {
	plugins.RegisterDefaultPlugins()
	read := func(raw []byte) (variants.Dataquery, error) {
		q := &sqlQuery{}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(q); err != nil {
			return nil, err
		}
		return q, q.Validate()
	}
	cog.NewRuntime().RegisterDataqueryVariant(variants.DataqueryConfig{
		Identifier: source()["type"].(string), DataqueryUnmarshaler: read, StrictDataqueryUnmarshaler: read,
	})
}

// fitsDashboard holds a dashboard against Grafana's schema: no member that it
// does not have, none of another type, and no required one missing.
func fitsDashboard(raw []byte) error {
	//lint:ignore SA1019 provisioned files are of this version
	var board grafana.Dashboard
	if err := found(board.UnmarshalJSONStrict(raw)); err != nil {
		return err
	}
	if err := found(board.Validate()); err != nil {
		return err
	}
	return fitsFields(raw)
}

// fitsFields holds the panels' fields against the schema, which reads a
// dashboard's less strictly: only what is the panel's own kind's.
func fitsFields(raw []byte) error {
	var board struct {
		Panels []struct {
			FieldConfig json.RawMessage `json:"fieldConfig"`
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		return err
	}
	for _, p := range board.Panels {
		var fields grafana.FieldConfigSource
		if err := found(fields.UnmarshalJSONStrict(p.FieldConfig)); err != nil {
			return err
		}
		for _, o := range fields.Overrides {
			for _, property := range o.Properties {
				if err := fitsProperty(property); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fitsProperty holds an override against the field that it overrides.
func fitsProperty(property grafana.DynamicConfigValue) error {
	raw, err := json.Marshal(map[string]any{property.Id: property.Value})
	if err != nil {
		return err
	}
	var fields grafana.FieldConfig
	return found(fields.UnmarshalJSONStrict(raw))
}

// found is the error, or nil for an empty list of errors, which the schema's
// code returns where it has found none.
func found(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

// Grafana's schema takes the dashboard.
func TestDashboardSchema(t *testing.T) {
	require.NoError(t, fitsDashboard([]byte(text(t, dashboardFile))))
}

// The schema is one that refuses: each of these would be ignored by Grafana, or
// break the panel.
func TestDashboardSchemaRefuses(t *testing.T) {
	board := text(t, dashboardFile)
	for name, slip := range map[string][2]string{
		"a member of the dashboard": {`"graphTooltip"`, `"graphTooltips"`},
		"a member of a panel":       {`"gridPos"`, `"gridPosition"`},
		"a member of a query":       {`"rawSql"`, `"rawSQL_"`},
		"a member of a variable":    {`"includeAll"`, `"includeall_"`},
		"an option of a panel":      {`"colorMode"`, `"colourMode"`},
		"an option of another kind": {`"showHeader": true`, `"showHeader": "yes"`},
		"a field's option":          {`"drawStyle"`, `"drawstyle_"`},
		"a field's value":           {`"drawStyle": "bars"`, `"drawStyle": 7`},
		"a default":                 {`"decimals": 0`, `"decimals": "0"`},
		"a threshold":               {`"steps"`, `"levels"`},
		"an override":               {`"id": "thresholds"`, `"id": "threshold"`},
		"an override's matcher":     {`"matcher"`, `"match"`},
		"a format":                  {`"format": "time_series"`, `"format": "timeseries"`},
		"a legend":                  {`"showLegend": true`, `"showLegend": 1`},
	} {
		require.Contains(t, board, slip[0], name)
		require.Error(t, fitsDashboard([]byte(strings.Replace(board, slip[0], slip[1], 1))), name)
	}
}

// alerts are the rules of the provisioned file, in the words of Grafana's API.
func alerts(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	var provisioned struct {
		APIVersion int `yaml:"apiVersion"`
		Groups     []struct {
			OrgID    int    `yaml:"orgId"`
			Name     string `yaml:"name"`
			Folder   string `yaml:"folder"`
			Interval string `yaml:"interval"`
			Rules    []map[string]any
		}
	}
	d := yaml.NewDecoder(strings.NewReader(file))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&provisioned))
	require.Equal(t, 1, provisioned.APIVersion)
	var list []json.RawMessage
	for _, g := range provisioned.Groups {
		require.NotEmpty(t, g.Name+g.Folder+g.Interval)
		for _, rule := range g.Rules {
			// The file has these once for the group; the API has them in each rule.
			rule["orgID"], rule["folderUID"], rule["ruleGroup"] = g.OrgID, g.Folder, g.Name
			raw, err := json.Marshal(rule)
			require.NoError(t, err)
			list = append(list, raw)
		}
	}
	return list
}

func fitsRule(raw []byte) (*alerting.Rule, error) {
	var rule alerting.Rule
	if err := found(rule.UnmarshalJSONStrict(raw)); err != nil {
		return nil, err
	}
	return &rule, found(rule.Validate())
}

const alertFile = "grafana/provisioning/alerting/clickedge.yaml"

// Grafana's schema takes the rules of the alerts, and refuses slips in them.
func TestAlertSchema(t *testing.T) {
	file := text(t, alertFile)
	require.NotContains(t, file, "$", "Grafana puts its environment there")
	rules := alerts(t, file)
	require.Len(t, rules, 4)
	seen := map[string]bool{}
	for _, raw := range rules {
		rule, err := fitsRule(raw)
		require.NoError(t, err)
		require.False(t, seen[*rule.Uid], *rule.Uid)
		seen[*rule.Uid] = true
		require.LessOrEqual(t, len(*rule.Uid), 40)
		require.Equal(t, *rule.Data[1].RefId, rule.Condition)
		require.Equal(t, source()["uid"], *rule.Data[0].DatasourceUid)
	}
	for from, to := range map[string]string{
		"rawSql:": "sql:", "noDataState: OK": "noData: OK", "condition: B": "conditions: B", "evaluator:": "evaluate:", "expression: A": "expr: A",
		"format: table": "format: rows", "for: 0s": "for: 0", "datasourceUid:": "datasourceUID_:",
	} {
		require.Contains(t, file, from)
		_, err := fitsRule(alerts(t, strings.Replace(file, from, to, 1))[0])
		require.Error(t, err, from)
	}
}

// The provisioned files name one another as Grafana looks for them, and hold no
// secret.
func TestProvisioning(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL, User string
			Editable                           bool
			SecureJSONData                     map[string]string `yaml:"secureJsonData"`
			JSONData                           struct {
				Database, SSLMode string
				PostgresVersion   int    `yaml:"postgresVersion"`
				TimeInterval      string `yaml:"timeInterval"`
				MaxOpenConns      int    `yaml:"maxOpenConns"`
			} `yaml:"jsonData"`
		}
	}
	provisioned(t, "datasources", &sources)
	require.Len(t, sources.Datasources, 1)
	s := sources.Datasources[0]
	require.Equal(t, source(), object{"type": s.Type, "uid": s.UID})
	require.Equal(t, map[string]string{"password": "$CLICKEDGE_POSTGRES_PASSWORD"}, s.SecureJSONData)
	require.Contains(t, text(t, "grafana", "reader.sql"), "CREATE ROLE "+s.User+" LOGIN;")
	require.Contains(t, text(t, "postgres", "schema.sql"), "PostgreSQL 13 ", "as in postgresVersion")
	require.Equal(t, 1300, s.JSONData.PostgresVersion)

	var boards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			OrgID                 int  `yaml:"orgId"`
			DisableDeletion       bool `yaml:"disableDeletion"`
			AllowUIUpdates        bool `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	provisioned(t, "dashboards", &boards)
	require.Len(t, boards.Providers, 1)
	require.NotEmpty(t, boards.Providers[0].Options.Path)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), boards.Providers[0].Options.Path, "where the README puts the dashboard")
}

// provisioned reads a file of provisioning; a member that is not listed fails.
func provisioned(t *testing.T, kind string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text(t, "grafana", "provisioning", kind, "clickedge.yaml")))
	d.KnownFields(true)
	require.NoError(t, d.Decode(into))
}
