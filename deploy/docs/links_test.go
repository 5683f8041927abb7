package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/module"
)

// documents are the texts of the repository, by their path below its root.
func documents(t *testing.T) (root string, list map[string]string) {
	t.Helper()
	root, err := module.Root(".")
	require.NoError(t, err)
	list = map[string]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && name != ".github" && path != root) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		list[filepath.ToSlash(name)] = string(text)
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(list), 15)
	return root, list
}

var (
	linkInText = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	codeInText = regexp.MustCompile("(?s)```.*?\n```|``.*?``|`[^`\n]*`")
	headline   = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	anchorName = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
)

// Every relative link of every document leads to a file that is there, and to a
// heading that is there.
func TestLinks(t *testing.T) {
	root, list := documents(t)
	seen, anchored := 0, 0
	for name, text := range list {
		for _, to := range linksOf(text) {
			seen++
			path, anchor, hasAnchor := strings.Cut(to, "#")
			full := name
			if path != "" {
				full = filepath.ToSlash(filepath.Join(filepath.Dir(name), path))
			}
			if _, err := os.Stat(filepath.Join(root, full)); err != nil || strings.HasPrefix(full, "../") {
				t.Errorf("%s leads to %q, which is not there", name, to)
				continue
			}
			if !hasAnchor {
				continue
			}
			anchored++
			if !anchorsOf(list[full])[anchor] {
				t.Errorf("%s leads to %q, and %s has no such heading", name, to, full)
			}
		}
	}
	require.Greater(t, seen, 80)
	require.Greater(t, anchored, 8)
}

// linksOf returns the links of a text that lead to other files, code aside.
func linksOf(text string) (list []string) {
	text = codeInText.ReplaceAllString(text, "`code`")
	for _, m := range linkInText.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], "://") && !strings.HasPrefix(m[1], "mailto:") {
			list = append(list, m[1])
		}
	}
	return list
}

// anchorsOf returns the names that GitHub gives to a text's headings.
func anchorsOf(text string) map[string]bool {
	list := map[string]bool{}
	for _, m := range anchorName.FindAllStringSubmatch(text, -1) {
		list[m[1]] = true
	}
	fenced := regexp.MustCompile("(?s)\n```.*?\n```").ReplaceAllString(text, "")
	for _, m := range headline.FindAllStringSubmatch(fenced, -1) {
		slug := slugOf(m[1])
		for n := 1; list[slug]; n++ {
			slug = fmt.Sprintf("%s-%d", slugOf(m[1]), n)
		}
		list[slug] = true
	}
	return list
}

func slugOf(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			return unicode.ToLower(c)
		}
		return -1
	}, heading)
}

func TestAnchors(t *testing.T) {
	require.Equal(t, map[string]bool{"a-b_c": true, "a-b_c-1": true, "with-clickedge-publish": true, "1-write-sitesjson": true, "x": true},
		anchorsOf("# A b_c!\n## A b_c\n### With `clickedge publish`\n## 1. Write sites.json\n\n```sh\n# none\n```\n<a id=\"x\"></a>\n"))
	require.Equal(t, []string{"a.md#b"}, linksOf("[a](a.md#b) `[b](c.md)` [c](https://d.example/)\n```\n[e](f.md)\n```\n"))
}

// Every page stands in the index, and the index says that of no other.
func TestIndex(t *testing.T) {
	_, list := documents(t)
	index := linksOf(list["deploy/docs/README.md"])
	for name := range list {
		if dir, file := filepath.Split(name); dir == "deploy/docs/" && file != "README.md" {
			require.Contains(t, index, file)
		}
	}
}

// A picture has a text in its place.
func TestPicturesHaveText(t *testing.T) {
	_, list := documents(t)
	pictures := regexp.MustCompile(`!\[([^\]]*)\]\(`)
	seen := 0
	for name, text := range list {
		for _, m := range pictures.FindAllStringSubmatch(text, -1) {
			seen++
			require.Greater(t, len(m[1]), 20, name)
		}
	}
	require.Greater(t, seen, 2)
}

// What strangers did not understand does not come back.
func TestFieldTerms(t *testing.T) {
	_, list := documents(t)
	for name, text := range list {
		for term, instead := range map[string]string{
			`links? of one's own`: "signed links", `brought home`: "redirected from the link", `tells whether`: "reports whether", `\bmend(s|ed|ing)?\b`: "fix",
		} {
			if m := regexp.MustCompile(term).FindString(text); m != "" {
				t.Errorf("%s says %q: say %q", name, m, instead)
			}
		}
	}
}
