package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Exclusions are the combinations that the provider's documentation excludes.
type Exclusions struct {
	Version string   `json:"version"`
	Read    []string `json:"read"` // the pages of the resources that the module uses
	Rules   []Rule   `json:"rules"`
}

// Rule is one sentence of the documentation. One of its lists is set. Their
// elements are resources, blocks and arguments: "fastly_domain",
// "fastly_service_compute.domain",
// "fastly_service_compute.logging_*.gzip_level".
type Rule struct {
	Page string   `json:"page"`
	Says []string `json:"says"`

	AtMostOne  []string `json:"at_most_one"`
	ExactlyOne []string `json:"exactly_one"`
	FirstAlone []string `json:"first_alone"` // the first excludes each of the others
	After      []string `json:"after"`       // the first is created after the second

	ButWith string `json:"but_with"` // a variable that is true for as long as the rule is suspended
}

// ReadExclusions reads them from a file.
func ReadExclusions(name string) (*Exclusions, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	x := &Exclusions{}
	return x, json.Unmarshal(text, x)
}

// Check lists the rules that a module breaks for some values of its switches:
// the variables of type bool, and those that may be null. Others have the given
// values.
func (x *Exclusions) Check(m *module, dir string, given map[string]cty.Value) ([]string, error) {
	found := map[string]bool{}
	for _, address := range sortedKeys(m.resources) {
		if page := pageOf(address); page != "" && !slices.Contains(x.Read, page) {
			found[fmt.Sprintf("%s: nobody has read %s for what it excludes", address, page)] = true
		}
	}
	for _, switches := range m.switches() {
		all := maps.Clone(given)
		maps.Copy(all, switches)
		e, err := NewEvaluator(m, dir, all)
		if err != nil {
			return nil, err
		}
		refused, err := e.Refusals()
		if err != nil {
			return nil, err
		}
		for _, rule := range x.Rules {
			if len(refused) > 0 || rule.ButWith != "" && all[rule.ButWith] == cty.True {
				continue
			}
			for _, problem := range rule.broken(e) {
				found[problem+" ("+rule.Page+": "+rule.Says[0]+")"] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// pageOf is the page of a resource or data source, "" for Terraform's own.
func pageOf(address string) string {
	name, data := strings.CutPrefix(address, "data.")
	name, ours := strings.CutPrefix(strings.SplitN(name, ".", 2)[0], "fastly_")
	switch {
	case !ours:
		return ""
	case data:
		return "docs/data-sources/" + name + ".md"
	}
	return "docs/resources/" + name + ".md"
}

// switches are all combinations of the variables that add or remove parts.
func (m *module) switches() []map[string]cty.Value {
	list := []map[string]cty.Value{{}}
	for _, name := range sortedKeys(m.declared) {
		var values []cty.Value
		switch body := m.declared[name].Body; {
		case hcl.ExprAsKeyword(body.Attributes["type"].Expr) == "bool":
			values = []cty.Value{cty.False, cty.True}
		case isNull(body.Attributes["default"]):
			values = []cty.Value{cty.NullVal(cty.String), cty.StringVal("x")}
		default:
			continue
		}
		var longer []map[string]cty.Value
		for _, combination := range list {
			for _, v := range values {
				one := maps.Clone(combination)
				one[name] = v
				longer = append(longer, one)
			}
		}
		list = longer
	}
	return list
}

func (r Rule) broken(e *Evaluator) []string {
	if len(r.After) > 0 {
		return e.notAfter(r.After[0], r.After[1])
	}
	var problems []string
	for _, block := range e.wildcards(append(slices.Concat(r.AtMostOne, r.ExactlyOne), r.FirstAlone...)) {
		var there []string
		for _, path := range slices.Concat(r.AtMostOne, r.ExactlyOne, r.FirstAlone) {
			if path = strings.Replace(path, "*", block, 1); e.present(path) {
				there = append(there, path)
			}
		}
		switch {
		case r.ExactlyOne != nil && len(there) == 0 && e.present(strings.SplitN(strings.TrimPrefix(r.ExactlyOne[0], "data."), ".", 2)[0]):
			problems = append(problems, "none of "+strings.Join(r.ExactlyOne, " and "))
		case r.FirstAlone != nil && !slices.Contains(there, r.FirstAlone[0]):
		case len(there) > 1:
			problems = append(problems, strings.Join(there, " beside "))
		}
	}
	return problems
}

// wildcards are the blocks that "*" stands for, of the resource that the paths
// begin with.
func (e *Evaluator) wildcards(paths []string) []string {
	before, _, ok := strings.Cut(paths[0], "*")
	if !ok {
		return []string{""}
	}
	steps := strings.Split(before, ".")
	list := map[string]bool{}
	for address, b := range e.module.resources {
		if !strings.HasPrefix(address, steps[0]+".") {
			continue
		}
		for _, inner := range b.Body.Blocks {
			if rest, ok := strings.CutPrefix(blockName(inner), steps[1]); ok {
				list[rest] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(list))
}

func blockName(b *hclsyntax.Block) string {
	if b.Type == "dynamic" {
		return b.Labels[0]
	}
	return b.Type
}

// present reports whether what a path names may exist.
func (e *Evaluator) present(path string) bool {
	steps := strings.Split(path, ".")
	kind := steps[0]
	if kind == "data" {
		kind, steps = steps[0]+"."+steps[1], steps[1:]
	}
	for address, b := range e.module.resources {
		if strings.HasPrefix(address, kind+".") && e.repeats(b.Body) && e.within(b.Body, steps[1:]) {
			return true
		}
	}
	return false
}

// within follows blocks down to a block or an argument.
func (e *Evaluator) within(body *hclsyntax.Body, steps []string) bool {
	if len(steps) == 0 {
		return true
	}
	if a := body.Attributes[steps[0]]; a != nil && len(steps) == 1 {
		v, err := e.Value(a.Expr, nil)
		return err != nil || !v.IsKnown() || !v.IsNull() && !v.RawEquals(cty.False)
	}
	for _, b := range body.Blocks {
		if blockName(b) != steps[0] || !e.repeats(b.Body) {
			continue
		}
		inner := b.Body
		for _, content := range b.Body.Blocks {
			if b.Type == "dynamic" && content.Type == "content" {
				inner = content.Body
			}
		}
		if e.within(inner, steps[1:]) {
			return true
		}
	}
	return false
}

// repeats reports whether for_each and count are not zero. Unknown values
// count.
func (e *Evaluator) repeats(body *hclsyntax.Body) bool {
	if a := body.Attributes["for_each"]; a != nil {
		v, err := e.Value(a.Expr, nil)
		return err != nil || !v.IsKnown() || v.LengthInt() > 0
	}
	if a := body.Attributes["count"]; a != nil {
		v, err := e.Value(a.Expr, nil)
		return err != nil || !v.IsKnown() || !v.RawEquals(cty.Zero)
	}
	return true
}

// notAfter: every resource of one kind refers to those of another, or depends
// on them.
func (e *Evaluator) notAfter(later, earlier string) []string {
	var problems []string
	for address, b := range e.module.resources {
		if strings.HasPrefix(address, later+".") && e.present(earlier) && !refersTo(b.Body, earlier) {
			problems = append(problems, address+" does not wait for "+earlier)
		}
	}
	return problems
}

func refersTo(body *hclsyntax.Body, kind string) bool {
	for _, a := range body.Attributes {
		for _, t := range a.Expr.Variables() {
			if t.RootName() == kind {
				return true
			}
		}
	}
	return false
}
