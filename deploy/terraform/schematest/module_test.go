package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// module is one folder of configuration.
type module struct {
	folder    string
	schema    *Schema
	bodies    map[string]*hclsyntax.Body // by file
	variables map[string]bool            // declared; true: sensitive
	locals    map[string]hclsyntax.Expression
	declared  map[string]*hclsyntax.Block // variables
	resources map[string]*hclsyntax.Block // "fastly_domain.host", "data.fastly_package_hash.module"
	problems  []string
}

// Check lists what is wrong with the .tf files of a folder, in the order of
// their lines.
func Check(dir string, schema *Schema) ([]string, error) {
	files, err := readFiles(dir)
	if err != nil {
		return nil, err
	}
	return CheckFiles(files, schema), nil
}

func readFiles(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no .tf file in %q", dir)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// CheckFiles is [Check] of texts by their names.
func CheckFiles(files map[string][]byte, schema *Schema) []string {
	m := parse(files, schema)
	for _, name := range slices.Sorted(maps.Keys(m.bodies)) {
		m.body(m.bodies[name])
	}
	return m.problems
}

// parse reads the declarations; errors in the text are problems.
func parse(files map[string][]byte, schema *Schema) *module {
	m := &module{folder: here, schema: schema, bodies: map[string]*hclsyntax.Body{}, variables: map[string]bool{}, locals: map[string]hclsyntax.Expression{},
		declared: map[string]*hclsyntax.Block{}, resources: map[string]*hclsyntax.Block{}}
	parser := hclparse.NewParser()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, diags := parser.ParseHCL(files[name], name)
		if diags.HasErrors() {
			m.problems = append(m.problems, diags.Error())
			continue
		}
		if string(hclwrite.Format(files[name])) != string(files[name]) {
			m.problems = append(m.problems, name+": not in the form that terraform fmt gives")
		}
		m.bodies[name] = f.Body.(*hclsyntax.Body)
		m.declare(m.bodies[name])
	}
	return m
}

func (m *module) fail(at hcl.Range, format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf("%s:%d: ", at.Filename, at.Start.Line)+fmt.Sprintf(format, args...))
}

// declare records the declarations of a body.
func (m *module) declare(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		switch b.Type {
		case "variable":
			m.variables[b.Labels[0]] = isTrue(b.Body.Attributes["sensitive"])
			m.declared[b.Labels[0]] = b
		case "locals":
			for name, a := range b.Body.Attributes {
				m.locals[name] = a.Expr
			}
		case "resource":
			m.resources[b.Labels[0]+"."+b.Labels[1]] = b
		case "data":
			m.resources["data."+b.Labels[0]+"."+b.Labels[1]] = b
		}
	}
}

func isTrue(a *hclsyntax.Attribute) bool  { return is(a, cty.True) }
func isFalse(a *hclsyntax.Attribute) bool { return is(a, cty.False) }

func isNull(a *hclsyntax.Attribute) bool {
	return is(a, cty.NullVal(cty.DynamicPseudoType))
}

func is(a *hclsyntax.Attribute, want cty.Value) bool {
	if a == nil {
		return false
	}
	v, diags := a.Expr.Value(nil)
	return !diags.HasErrors() && v.RawEquals(want)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (m *module) body(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		if b.Type == "removed" {
			continue // names what is no longer there
		}
		switch b.Type {
		case "resource":
			m.resource(b, m.schema.Resources)
		case "data":
			m.resource(b, m.schema.Data)
		case "output":
			m.output(b)
		case "variable":
			m.variable(b)
		}
		m.references(b.Body)
	}
}

func (m *module) variable(b *hclsyntax.Block) {
	for _, want := range []string{"description", "type"} {
		if b.Body.Attributes[want] == nil {
			m.fail(b.DefRange(), "variable %q has no %s", b.Labels[0], want)
		}
	}
}

// output: a value that depends on a sensitive variable must be marked.
func (m *module) output(b *hclsyntax.Block) {
	a := b.Body.Attributes["value"]
	if a == nil {
		m.fail(b.DefRange(), "output %q has no value", b.Labels[0])
		return
	}
	if m.isSensitive(a.Expr, map[string]bool{}) && !isTrue(b.Body.Attributes["sensitive"]) {
		m.fail(a.Range(), "output %q tells what is sensitive", b.Labels[0])
	}
}

// isSensitive follows locals; seen ends a circle.
func (m *module) isSensitive(e hclsyntax.Expression, seen map[string]bool) bool {
	for _, t := range e.Variables() {
		root, name := t.RootName(), step(t, 1)
		switch {
		case root == "var" && m.variables[name]:
			return true
		case root == "local" && !seen[name] && m.locals[name] != nil:
			seen[name] = true
			if m.isSensitive(m.locals[name], seen) {
				return true
			}
		case m.resources[root+"."+name] != nil && m.schema.Resources[root].Block.Attributes[lastAttribute(t)].Sensitive:
			return true
		}
	}
	return false
}

func step(t hcl.Traversal, i int) string {
	if i < len(t) {
		if a, ok := t[i].(hcl.TraverseAttr); ok {
			return a.Name
		}
	}
	return ""
}

func lastAttribute(t hcl.Traversal) string { return step(t, len(t)-1) }

// providers begin the names of their resources.
var providers = []string{"fastly_", "google_", "aws_"}

// metaArguments belong to Terraform, not to the provider.
var metaArguments = []string{"for_each", "count", "depends_on", "provider"}

func (m *module) resource(b *hclsyntax.Block, known map[string]Resource) {
	if b.Labels[0] == "terraform_data" {
		return // Terraform's own, not in the provider's schema
	}
	r, ok := known[b.Labels[0]]
	if !ok {
		m.fail(b.DefRange(), "the provider has no %s %q", b.Type, b.Labels[0])
		return
	}
	m.block(b.Labels[0], b.Body, &r.Block, true)
}

// block checks arguments and blocks; top is a resource itself.
func (m *module) block(path string, body *hclsyntax.Body, schema *Block, top bool) {
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		if top && slices.Contains(metaArguments, name) {
			continue
		}
		m.argument(path+"."+name, name, body.Attributes[name], schema)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Attributes)) {
		if schema.Attributes[name].Required && body.Attributes[name] == nil {
			m.fail(body.SrcRange, "%s lacks %q", path, name)
		}
	}
	count := map[string]int{}
	for _, b := range body.Blocks {
		if top && b.Type == "lifecycle" {
			continue
		}
		count[m.nested(path, b, schema)]++
	}
	for name, n := range schema.Blocks {
		if count[name] < n.MinItems || n.MaxItems > 0 && count[name] > n.MaxItems {
			m.fail(body.SrcRange, "%s has %d blocks %q; %d to %d are wanted", path, count[name], name, n.MinItems, n.MaxItems)
		}
	}
}

// nested checks a block, written out or dynamic, and returns its type.
func (m *module) nested(path string, b *hclsyntax.Block, schema *Block) string {
	name, body := b.Type, b.Body
	if b.Type == "dynamic" {
		name = b.Labels[0]
		body = nil
		for _, inner := range b.Body.Blocks {
			if inner.Type == "content" {
				body = inner.Body
			}
		}
		if body == nil || b.Body.Attributes["for_each"] == nil {
			m.fail(b.DefRange(), "dynamic %q has no for_each or no content", name)
			return name
		}
	}
	n, ok := schema.Blocks[name]
	if !ok {
		m.fail(b.DefRange(), "%s has no block %q", path, name)
		return name
	}
	m.block(path+"."+name, body, &n.Block, false)
	return name
}

func (m *module) argument(path, name string, a *hclsyntax.Attribute, schema *Block) {
	s, ok := schema.Attributes[name]
	switch {
	case !ok:
		m.fail(a.Range(), "there is no argument %s", path)
		return
	case !s.Required && !s.Optional:
		m.fail(a.Range(), "%s is the provider's to set", path)
	case s.Deprecated:
		m.fail(a.Range(), "%s is deprecated", path)
	case name == "override_host":
		m.fail(a.Range(), "%s would replace the branded domain", path)
	case s.Sensitive && !m.isSensitive(a.Expr, map[string]bool{}):
		m.fail(a.Range(), "%s is sensitive and does not come from a sensitive variable", path)
	}
	m.literal(path, a, s.Type)
}

// literal checks the type of a literal value.
func (m *module) literal(path string, a *hclsyntax.Attribute, want json.RawMessage) {
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() || v.IsNull() || len(a.Expr.Variables()) > 0 {
		return
	}
	var simple string
	if json.Unmarshal(want, &simple) != nil {
		if v.Type().IsPrimitiveType() {
			m.fail(a.Range(), "%s is a %s, not %s", path, v.Type().FriendlyName(), want)
		}
		return
	}
	if have := v.Type().FriendlyName(); have != simple {
		m.fail(a.Range(), "%s is a %s, not a %s", path, have, simple)
	}
}

// references: every reference has a declaration, and every attribute of a
// resource is in its schema.
func (m *module) references(body *hclsyntax.Body) {
	walker := &referenceWalker{module: m}
	_ = hclsyntax.Walk(body, walker)
}

type referenceWalker struct{ module *module }

// Enter implements hclsyntax.Walker.
func (w *referenceWalker) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if e, ok := node.(*hclsyntax.ScopeTraversalExpr); ok {
		w.module.reference(e.Traversal)
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (w *referenceWalker) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }

func (m *module) reference(t hcl.Traversal) {
	root, name := t.RootName(), step(t, 1)
	switch {
	case root == "var":
		if _, ok := m.variables[name]; !ok {
			m.fail(t.SourceRange(), "there is no variable %q", name)
		}
	case root == "local":
		if m.locals[name] == nil {
			m.fail(t.SourceRange(), "there is no local value %q", name)
		}
	case root == "data":
		m.attribute(t, "data."+name+"."+step(t, 2), m.schema.Data[name].Block, step(t, 3))
	case slices.ContainsFunc(providers, func(name string) bool { return strings.HasPrefix(root, name) }):
		m.attribute(t, root+"."+name, m.schema.Resources[root].Block, step(t, 2))
	}
}

func (m *module) attribute(t hcl.Traversal, resource string, schema Block, name string) {
	if m.resources[resource] == nil {
		m.fail(t.SourceRange(), "there is no %s", resource)
		return
	}
	s, ok := schema.Attributes[name]
	if name != "" && !ok {
		m.fail(t.SourceRange(), "%s has no attribute %q", resource, name)
	} else if s.Deprecated {
		m.fail(t.SourceRange(), "attribute %q of %s is deprecated", name, resource)
	}
}
