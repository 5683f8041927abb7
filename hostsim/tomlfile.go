package hostsim

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFile is a TOML document whose tables can be read key by key. It knows the
// line of every key.
type tomlFile struct {
	path  string
	root  map[string]any
	lines map[string]int // dotted path to line
	errs  []error
}

func readTOML(path string) (*tomlFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &tomlFile{path: path, root: map[string]any{}, lines: map[string]int{}}
	if err := toml.Unmarshal(data, &f.root); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			return nil, fmt.Errorf("%s:%d:%d: %s", path, line, column, at.Error())
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.index(data)
	return f, nil
}

// index notes the line of each key. go-toml's decoder knows positions only
// while it decodes.
func (f *tomlFile) index(data []byte) {
	p := &unstable.Parser{}
	p.Reset(data)
	prefix, arrays := "", map[string]int{}
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind {
		case unstable.Table:
			prefix = f.note(p, "", arrays, node)
		case unstable.ArrayTable:
			plain := f.note(p, "", arrays, node)
			prefix = element(plain, arrays[plain])
			arrays[plain]++
			f.lines[prefix] = f.lines[plain]
		case unstable.KeyValue:
			f.noteValue(p, f.note(p, prefix, nil, node), node.Value())
		}
	}
}

// note records the key of node under prefix and returns the whole path. Below a
// table array, the path goes into its last element.
func (f *tomlFile) note(p *unstable.Parser, prefix string, arrays map[string]int, node *unstable.Node) string {
	path, keys := prefix, node.Key()
	for keys.Next() {
		key := keys.Node()
		if n := arrays[path]; n > 0 {
			path = element(path, n-1)
		}
		path = join(path, string(key.Data))
		line := p.Shape(key.Raw).Start.Line
		if f.lines[path] == 0 || node.Kind == unstable.ArrayTable {
			f.lines[path] = line
		}
	}
	return path
}

func (f *tomlFile) noteValue(p *unstable.Parser, path string, value *unstable.Node) {
	switch value.Kind {
	case unstable.InlineTable:
		for it := value.Children(); it.Next(); {
			f.noteValue(p, f.note(p, path, nil, it.Node()), it.Node().Value())
		}
	case unstable.Array:
		i := 0
		for it := value.Children(); it.Next(); i++ {
			at := element(path, i)
			f.lines[at] = f.lines[path]
			f.noteValue(p, at, it.Node())
		}
	}
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// fail records a mistake at path.
func (f *tomlFile) fail(path, format string, args ...any) {
	f.errs = append(f.errs, errors.New(f.at(path, format, args...)))
}

// at says something of path, with the line of the nearest key around it that
// has one.
func (f *tomlFile) at(path, format string, args ...any) string {
	line, at := 0, path
	for line == 0 && at != "" {
		line = f.lines[at]
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.path, line, path, fmt.Sprintf(format, args...))
}

// beside makes a path of the document relative to the document's folder.
func (f *tomlFile) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(f.path), name)
}

// file reads a file that the document names.
func (f *tomlFile) file(path, name string) []byte {
	data, err := os.ReadFile(f.beside(name))
	if err != nil {
		f.fail(path, "%v", err)
	}
	return data
}

// section is one table. Keys that were not read are mistakes; see done.
type section struct {
	file *tomlFile
	path string
	data map[string]any
	used map[string]bool
}

func (f *tomlFile) section(path string, value any) *section {
	data, ok := value.(map[string]any)
	if !ok && value != nil {
		f.fail(path, "must be a table")
	}
	return &section{file: f, path: path, data: data, used: map[string]bool{}}
}

func (s *section) has(key string) bool { _, ok := s.data[key]; return ok }

// names are the keys in order, so that mistakes come out in the same order each
// time.
func (s *section) names() []string {
	return slices.Sorted(maps.Keys(s.data))
}

// get returns the value of key as a T, or T's zero value when it is missing or
// of another type; the latter is a mistake.
func get[T any](s *section, key string) (value T) {
	s.used[key] = true
	raw, ok := s.data[key]
	if !ok {
		return value
	}
	value, ok = raw.(T)
	if !ok {
		s.fail(key, "must be %s", typeName(any(value)))
	}
	return value
}

func typeName(value any) string {
	switch value.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case int64:
		return "an integer"
	case []any:
		return "an array"
	}
	return "a table"
}

func (s *section) fail(key, format string, args ...any) {
	s.file.fail(join(s.path, key), format, args...)
}

func (s *section) child(key string) *section {
	s.used[key] = true
	return s.file.section(join(s.path, key), s.data[key])
}

// done reports the keys that were not read.
func (s *section) done() {
	for _, name := range s.names() {
		if !s.used[name] {
			s.fail(name, "unknown key")
		}
	}
}

// leaveSections ignores the sections that were not read, and returns a warning
// for each. One whose name is nearly that of a known one is a mistake instead.
func (s *section) leaveSections() (warnings []string) {
	for _, name := range s.names() {
		if s.used[name] || !isSection(s.data[name]) || s.nearlyKnown(name) {
			continue
		}
		s.used[name] = true
		warnings = append(warnings, s.file.at(join(s.path, name), "unknown section, which changes nothing here"))
	}
	return warnings
}

// isSection: a table, or an array of tables.
func isSection(value any) bool {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	_, table := value.(map[string]any)
	return table
}

func (s *section) nearlyKnown(name string) bool {
	for known := range s.used {
		if editDistance(name, known) <= 2 {
			return true
		}
	}
	return false
}

// editDistance counts the letters to put in, take out or change. core has the
// like for its hints, which this room may not import.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
