// Command gensuffixes writes core/destination/suffixes/rules.txt: the rules of
// the public suffix list as golang.org/x/net/publicsuffix has them, whose
// tables it unpacks. It runs in core/destination.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gensuffixes: ")
	text, err := generate()
	if err == nil {
		err = os.WriteFile("suffixes/rules.txt", text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func generate() ([]byte, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/net/publicsuffix").Output()
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	t, err := load(filepath.Join(strings.TrimSpace(string(dir)), "data"))
	if err != nil {
		return nil, err
	}
	rules := t.rules()
	for _, rule := range rules {
		if err := agree(rule); err != nil {
			return nil, err
		}
	}
	rules = append(rules, above(rules)...)
	slices.Sort(rules)
	return []byte(strings.Join(rules, "\n") + "\n# " + publicsuffix.List.String() + "\n"), nil
}

// above returns the names of two labels and more that are not suffixes but have
// suffixes below them, each with a "~" before it.
func above(rules []string) (list []string) {
	seen := map[string]bool{}
	for _, rule := range rules {
		seen[rule] = true
	}
	for _, rule := range rules {
		for name := strings.TrimPrefix(rule, "*."); rule[0] != '!'; {
			_, parent, _ := strings.Cut(name, ".")
			if !strings.Contains(parent, ".") {
				break
			}
			if name = parent; !seen[name] {
				seen[name] = true
				list = append(list, "~"+name)
			}
		}
	}
	return list
}

// tables are the data files of the package. Its table.go describes their
// layout.
type tables struct{ text, nodes, children []byte }

func load(dir string) (t tables, err error) {
	for name, to := range map[string]*[]byte{"text": &t.text, "nodes": &t.nodes, "children": &t.children} {
		var fault error
		*to, fault = os.ReadFile(filepath.Join(dir, name))
		err = errors.Join(err, fault)
	}
	return t, err
}

// rules returns the rules of two labels and more, as publicsuffix.org writes
// them, sorted. A name of one label cannot be a host here.
func (t *tables) rules() (list []string) {
	top := 0 // the top-level domains come first, sorted
	for last := ""; top < len(t.nodes)/5; top++ {
		label := t.label(top)
		if label < last {
			break
		}
		last = label
	}
	t.walk(0, top, "", &list)
	slices.Sort(list)
	return list
}

func (t *tables) node(i int) (n uint64) {
	for _, b := range t.nodes[5*i : 5*i+5] {
		n = n<<8 | uint64(b)
	}
	return n
}

func (t *tables) label(i int) string {
	n := t.node(i)
	at := int(n >> 6 & 0xffff)
	return string(t.text[at : at+int(n&0x3f)])
}

func (t *tables) walk(from, to int, parent string, list *[]string) {
	const normal, exception = 0, 1
	for i := from; i < to; i++ {
		name := t.label(i) + parent
		kids := binary.BigEndian.Uint32(t.children[4*(t.node(i)>>23&0x3ff):])
		switch kind := kids >> 28 & 3; {
		case kind == normal && parent != "":
			*list = append(*list, name)
		case kind == exception:
			*list = append(*list, "!"+name)
		}
		if kids>>30&1 == 1 {
			*list = append(*list, "*."+name)
		}
		t.walk(int(kids&0x3fff), int(kids>>14&0x3fff), "."+name, list)
	}
}

// agree compares a rule with the package's own answer.
func agree(rule string) error {
	name := strings.TrimPrefix(strings.Replace(rule, "*", "any", 1), "!")
	suffix, _ := publicsuffix.PublicSuffix(name)
	if (suffix == name) == strings.HasPrefix(rule, "!") {
		return fmt.Errorf("rule %q: the package says that the suffix of %q is %q", rule, name, suffix)
	}
	return nil
}
