package schematest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Evaluator evaluates expressions of a module for given variables, as Terraform
// would before anything exists: values that only an apply can know are unknown.
// It has the functions that the module uses, and fails on others.
type Evaluator struct {
	module *module
	dir    string
	vars   map[string]cty.Value
	known  map[string]cty.Value // "local.x", "data.fastly_package_hash.module"
	busy   map[string]bool
}

// NewEvaluator takes values of the module's arguments. Variables that are not
// given have their defaults; paths are relative to dir.
func NewEvaluator(m *module, dir string, given map[string]cty.Value) (*Evaluator, error) {
	e := &Evaluator{module: m, dir: dir, vars: map[string]cty.Value{}, known: map[string]cty.Value{}, busy: map[string]bool{}}
	for name, b := range m.declared {
		value, ok := given[name]
		fallback := b.Body.Attributes["default"]
		if (!ok || value.IsNull() && isFalse(b.Body.Attributes["nullable"])) && fallback != nil {
			v, diags := fallback.Expr.Value(nil)
			if diags.HasErrors() {
				return nil, diags
			}
			value, ok = v, true
		}
		if !ok {
			return nil, fmt.Errorf("variable %q is not given", name)
		}
		e.vars[name] = value
	}
	for name := range given {
		if m.declared[name] == nil {
			return nil, fmt.Errorf("the module has no variable %q", name)
		}
	}
	return e, nil
}

// Set makes the value of a data source or resource known.
func (e *Evaluator) Set(address string, value cty.Value) { e.known[address] = value }

// Value evaluates an expression; extra are names such as "each".
func (e *Evaluator) Value(x hcl.Expression, extra map[string]cty.Value) (cty.Value, error) {
	roots := map[string]map[string]cty.Value{}
	for _, t := range x.Variables() {
		if _, ok := extra[t.RootName()]; ok {
			continue
		}
		if err := e.refer(roots, t); err != nil {
			return cty.NilVal, err
		}
	}
	names := maps.Clone(extra)
	if names == nil {
		names = map[string]cty.Value{}
	}
	for root, members := range roots {
		names[root] = cty.ObjectVal(members)
	}
	v, diags := x.Value(&hcl.EvalContext{Variables: names, Functions: e.functions()})
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return v, nil
}

// refer adds the root of a traversal to the names.
func (e *Evaluator) refer(roots map[string]map[string]cty.Value, t hcl.Traversal) error {
	root, name := t.RootName(), step(t, 1)
	if roots[root] == nil {
		roots[root] = map[string]cty.Value{}
	}
	switch root {
	case "var":
		v, ok := e.vars[name]
		if !ok {
			return fmt.Errorf("there is no variable %q", name)
		}
		roots[root][name] = v
	case "local":
		v, err := e.local(name)
		if err != nil {
			return fmt.Errorf("local.%s: %w", name, err)
		}
		roots[root][name] = v
	case "path": // of the module; the root's is dir
		folder, err := filepath.Abs(e.module.folder)
		if err != nil {
			return err
		}
		roots[root]["module"], roots[root]["root"] = cty.StringVal(folder), cty.StringVal(".")
	case "data":
		of := map[string]cty.Value{step(t, 2): e.resource(root + "." + name + "." + step(t, 2))}
		if old, ok := roots[root][name]; ok {
			maps.Copy(of, old.AsValueMap())
		}
		roots[root][name] = cty.ObjectVal(of)
	default:
		roots[root][name] = e.resource(root + "." + name)
	}
	return nil
}

func (e *Evaluator) local(name string) (cty.Value, error) {
	if v, ok := e.known["local."+name]; ok {
		return v, nil
	}
	x := e.module.locals[name]
	if x == nil || e.busy[name] {
		return cty.NilVal, fmt.Errorf("not declared, or declared by itself")
	}
	e.busy[name] = true
	defer delete(e.busy, name)
	v, err := e.Value(x, nil)
	if err == nil {
		e.known["local."+name] = v
	}
	return v, err
}

// resource is the value that was set, or for a resource with for_each its
// instances, or unknown.
func (e *Evaluator) resource(address string) cty.Value {
	if v, ok := e.known[address]; ok {
		return v
	}
	b := e.module.resources[address]
	if b == nil || b.Body.Attributes["for_each"] == nil {
		return cty.DynamicVal
	}
	each, err := e.Value(b.Body.Attributes["for_each"].Expr, nil)
	if err != nil || !each.IsWhollyKnown() && !each.CanIterateElements() {
		return cty.DynamicVal
	}
	instances := map[string]cty.Value{}
	for it := each.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		if each.Type().IsSetType() {
			_, key = it.Element()
		}
		instances[key.AsString()] = cty.DynamicVal
	}
	return cty.ObjectVal(instances)
}

// functions are Terraform's, under their names.
func (e *Evaluator) functions() map[string]function.Function {
	return map[string]function.Function{
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
		"concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"flatten": stdlib.FlattenFunc, "floor": stdlib.FloorFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "merge": stdlib.MergeFunc, "replace": stdlib.ReplaceFunc,
		"keys": stdlib.KeysFunc, "length": stdlib.LengthFunc, "regex": stdlib.RegexFunc, "setintersection": stdlib.SetIntersectionFunc,
		"substr": stdlib.SubstrFunc, "trimspace": stdlib.TrimSpaceFunc, "values": stdlib.ValuesFunc,
		"tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
		"toset":        stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"nonsensitive": function.New(&function.Spec{Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true}}, Type: typeOfFirst, Impl: first}),
		"endswith": function.New(&function.Spec{Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "end", Type: cty.String}}, Type: function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return cty.BoolVal(strings.HasSuffix(args[0].AsString(), args[1].AsString())), nil
			}}),
		"file": e.ofFile(func(text []byte) string { return string(text) }),
		"filesha256": e.ofFile(func(text []byte) string {
			sum := sha256.Sum256(text)
			return hex.EncodeToString(sum[:])
		}),
	}
}

func typeOfFirst(args []cty.Value) (cty.Type, error)        { return args[0].Type(), nil }
func first(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil }

func (e *Evaluator) ofFile(f func([]byte) string) function.Function {
	return function.New(&function.Spec{Params: []function.Parameter{{Name: "path", Type: cty.String}}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			if !filepath.IsAbs(path) {
				path = filepath.Join(e.dir, path)
			}
			text, err := os.ReadFile(path)
			return cty.StringVal(f(text)), err
		}})
}

// Refusals are the messages of all conditions that do not hold: those of the
// variables, and the preconditions of the resources. A condition that only an
// apply can decide holds here.
func (e *Evaluator) Refusals() ([]string, error) {
	var list []string
	for _, name := range sortedKeys(e.module.declared) {
		for _, b := range e.module.declared[name].Body.Blocks {
			said, err := e.refusal(b)
			if err != nil {
				return nil, fmt.Errorf("variable %q: %w", name, err)
			}
			list = append(list, said...)
		}
	}
	if len(list) > 0 {
		return list, nil // Terraform stops here too
	}
	for _, address := range sortedKeys(e.module.resources) {
		for _, cycle := range e.module.resources[address].Body.Blocks {
			if cycle.Type != "lifecycle" {
				continue
			}
			for _, b := range cycle.Body.Blocks {
				said, err := e.refusal(b)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", address, err)
				}
				list = append(list, said...)
			}
		}
	}
	return list, nil
}

func (e *Evaluator) refusal(b *hclsyntax.Block) ([]string, error) {
	holds, err := e.Value(b.Body.Attributes["condition"].Expr, nil)
	if err != nil {
		return nil, err
	}
	if holds, err = convert.Convert(holds, cty.Bool); err != nil || !holds.IsKnown() || holds.True() {
		return nil, err
	}
	says, err := e.Value(b.Body.Attributes["error_message"].Expr, nil)
	if err != nil {
		return nil, err
	}
	return []string{says.AsString()}, nil
}
