// Command genagents makes agent_table.go: the user agents of known bots,
// as a table that [verdict.Judge] searches without setting anything up.
//
// Its input is the list crawler-user-agents in core/verdict/agents, whose
// patterns are regular expressions. Nearly all are plain texts: each becomes
// the texts that it matches, with its anchor, if it has one. Patterns that are
// not plain texts must be listed in overrides.go, or the command fails. It runs
// in core/verdict:
//
//	go generate ./core/verdict
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "genagents:", err)
		os.Exit(1)
	}
}

// run writes the table of the verdict package in dir.
func run(dir string) error {
	source, _, err := build(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "agent_table.go"), source, 0o644)
}

// build returns the table's source and a summary of what went into it.
func build(dir string) ([]byte, summary, error) {
	version, err := os.ReadFile(filepath.Join(dir, "agents", "VERSION"))
	if err != nil {
		return nil, summary{}, err
	}
	texts, sum, err := readList(filepath.Join(dir, "agents", "crawler-user-agents.json"))
	if err != nil {
		return nil, sum, err
	}
	texts = dedupe(append(texts, ownTexts()...))
	common, err := readCommon(filepath.Join(dir, "testdata", "browsers-user-agents.txt"))
	if err != nil {
		return nil, sum, err
	}
	t, err := newTable(texts, common)
	if err != nil {
		return nil, sum, err
	}
	sum.Texts, sum.Bytes = len(t.texts), t.size()
	source, err := t.source(strings.TrimSpace(string(version)))
	return source, sum, err
}

// summary counts what was done with the patterns of the list.
type summary struct {
	Patterns   int // in the list
	Dropped    int // left out on purpose
	Overridden int // searched for by another text than the list's
	Texts      int // in the table, ours included
	Bytes      int // of data in the module
}
