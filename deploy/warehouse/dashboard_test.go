package warehouse

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboardFile is what Grafana reads.
const dashboardFile = "grafana/dashboards/clickedge.json"

// object is a member of Grafana's JSON.
type object = map[string]any

// source is the database that provisioning names so.
func source() object { return object{"type": "grafana-postgresql-datasource", "uid": "clickedge"} }

// target is a query in Grafana's words.
func target(sql, format string) object {
	return object{"refId": "A", "datasource": source(), "editorMode": "code", "format": format, "rawQuery": true, "rawSql": sql}
}

// dashboard is Grafana's model of it.
func dashboard(t *testing.T, d dialect) object {
	t.Helper()
	var list []object
	x, y := 0, 0
	for i, p := range panels() {
		if x+p.width > 24 {
			x, y = 0, y+list[i-1]["gridPos"].(object)["h"].(int)
		}
		list = append(list, object{
			"id": i + 1, "type": p.kind, "title": p.title, "description": p.text, "datasource": source(),
			"gridPos": object{"x": x, "y": y, "w": p.width, "h": p.height},
			"targets": []object{target(p.sql(t, d), map[string]string{"timeseries": "time_series"}[p.kind])},
			"options": p.options(), "fieldConfig": p.fields(),
		})
		if p.kind != "timeseries" {
			list[i]["targets"] = []object{target(p.sql(t, d), "table")}
		}
		if p.text == "" {
			delete(list[i], "description")
		}
		x += p.width
	}
	return object{
		"uid": "clickedge", "title": "Link domains", "tags": []string{"clickedge"}, "timezone": "utc", "editable": false, "graphTooltip": 1,
		"description":   "The click log of clickedge, from PostgreSQL.",
		"schemaVersion": 42, "version": 1, "refresh": "1m", "time": object{"from": "now-24h", "to": "now"},
		"annotations": object{"list": []object{}}, "links": []object{}, "panels": list,
		"templating": object{"list": []object{variable("host", "Link domain", d), variable("esp", "ESP", d)}},
	}
}

// variable is a list of what the log has in the chosen time.
func variable(name, title string, d dialect) object {
	query := "SELECT DISTINCT " + d.names(name) + " FROM clickedge_log AS r WHERE " + timeFilter + " ORDER BY 1"
	return object{
		"type": "query", "name": name, "label": title, "datasource": source(), "query": query, "definition": query,
		"refresh": 2, "sort": 0, "multi": true, "includeAll": true, "allValue": "'" + everything + "'", "allowCustomValue": false,
		"current": object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}, "options": []object{},
	}
}

// options are those of the panel's kind.
func (p panel) options() object {
	switch p.kind {
	case "stat":
		return object{"graphMode": "none", "colorMode": "value", "justifyMode": "auto", "textMode": "value_and_name", "wideLayout": true,
			"showPercentChange": false, "percentChangeColorMode": "standard", "orientation": "auto",
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}}
	case "table":
		return object{"frameIndex": 0, "showHeader": true, "cellHeight": "sm"}
	}
	calcs := []string{"sum"}
	if p.times {
		calcs = []string{"max"}
	}
	return object{"legend": object{"displayMode": "table", "placement": "right", "showLegend": true, "calcs": calcs},
		"tooltip": object{"mode": "multi", "sort": "desc"}}
}

// fields say how values are shown.
func (p panel) fields() object {
	defaults := object{"color": object{"mode": "palette-classic"}, "unit": "short", "decimals": 0, "min": 0}
	overrides := []object{}
	switch p.kind {
	case "stat":
		defaults["color"] = object{"mode": "thresholds"}
		defaults["thresholds"] = thresholds("text")
		for _, title := range []string{"Missed", "Refused", "Disagreed"} {
			overrides = append(overrides, override(title, "thresholds", thresholds("text", "orange")))
		}
	case "timeseries":
		defaults["custom"] = bars
		if p.line {
			defaults["custom"] = strokes
		}
	}
	if p.times {
		defaults["unit"] = "µs"
		delete(defaults, "decimals")
	}
	if p.times && p.kind == "table" {
		overrides = append(overrides, override("answers", "unit", "short"), override("no answer", "unit", "short"))
	}
	return object{"defaults": defaults, "overrides": overrides}
}

// bars are stacked: their height is the sum.
var bars = object{"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 1, "barAlignment": 0, "barWidthFactor": 0.9,
	"stacking": object{"mode": "normal", "group": "A"}}

// strokes stand for themselves. A gap stays one: nothing was measured there.
var strokes = object{"drawStyle": "line", "fillOpacity": 10, "lineWidth": 2, "showPoints": "auto", "spanNulls": false,
	"stacking": object{"mode": "none", "group": "A"}}

// thresholds are the first color, and each further one from its number on.
func thresholds(colors ...string) object {
	var steps []object
	for i, color := range colors {
		step := object{"color": color, "value": i}
		if i == 0 {
			step["value"] = nil
		}
		steps = append(steps, step)
	}
	return object{"mode": "absolute", "steps": steps}
}

func override(title, property string, value any) object {
	return object{"matcher": object{"id": "byName", "options": title}, "properties": []object{{"id": property, "value": value}}}
}

// The dashboard is what the panels say, with SQL of the description's columns.
func TestDashboardFile(t *testing.T) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(dashboard(t, postgresDialect(t))))
	if *update {
		require.NoError(t, os.WriteFile(dashboardFile, text.Bytes(), 0o644))
	}
	have, err := os.ReadFile(dashboardFile)
	require.NoError(t, err)
	require.Equal(t, text.String(), string(have), "run go test ./deploy/warehouse -update")
}

func postgresDialect(t *testing.T) dialect {
	t.Helper()
	for _, d := range dialects() {
		if d.name == "postgres" {
			return d
		}
	}
	require.Fail(t, "no PostgreSQL")
	return dialect{}
}
