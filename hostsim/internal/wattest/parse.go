package wattest

import (
	"fmt"
	"strings"
)

// node is a word, a string, or a list in parentheses.
type node struct {
	word string
	text []byte // of a string, unescaped
	kind byte   // w, s or l
	list []*node
	line int
}

// head is the first word of a list, or "".
func (n *node) head() string {
	if n.kind == 'l' && len(n.list) > 0 {
		return n.list[0].word
	}
	return ""
}

type parser struct {
	src  string
	at   int
	line int
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", p.line, fmt.Sprintf(format, args...))
}

// space skips white space and comments: ";;" to the end of the line, "(;" to
// ";)", without nesting.
func (p *parser) space() {
	for p.at < len(p.src) {
		rest := p.src[p.at:]
		skip := 1
		switch {
		case strings.HasPrefix(rest, ";;"):
			if skip = strings.IndexByte(rest, '\n'); skip < 0 {
				skip = len(rest)
			}
		case strings.HasPrefix(rest, "(;"):
			if skip = strings.Index(rest, ";)") + 2; skip < 2 {
				skip = len(rest)
			}
		case strings.IndexByte(" \t\r\n", rest[0]) < 0:
			return
		}
		p.line += strings.Count(rest[:skip], "\n")
		p.at += skip
	}
}

// next returns nil at the end of the text, and at a closing parenthesis, which
// is left in place.
func (p *parser) next() (*node, error) {
	p.space()
	if p.at == len(p.src) || p.src[p.at] == ')' {
		return nil, nil
	}
	n := &node{line: p.line}
	switch p.src[p.at] {
	case '(':
		return n, p.children(n)
	case '"':
		return n, p.quoted(n)
	}
	end := strings.IndexAny(p.src[p.at:], " \t\r\n()\";")
	if end < 0 {
		end = len(p.src) - p.at
	}
	n.kind, n.word = 'w', p.src[p.at:p.at+end]
	p.at += end
	return n, nil
}

func (p *parser) children(n *node) error {
	n.kind = 'l'
	p.at++
	for {
		child, err := p.next()
		if err != nil {
			return err
		}
		if child == nil {
			break
		}
		n.list = append(n.list, child)
	}
	if p.at == len(p.src) {
		return p.fail("a parenthesis is not closed")
	}
	p.at++
	return nil
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\'': '\'', '\\': '\\'}

func (p *parser) quoted(n *node) error {
	n.kind = 's'
	for p.at++; p.at < len(p.src) && p.src[p.at] != '"'; p.at++ {
		c := p.src[p.at]
		if c == '\\' {
			if p.at++; p.at == len(p.src) {
				break
			}
			if e, ok := escapes[p.src[p.at]]; ok {
				c = e
			} else if _, err := fmt.Sscanf(p.src[p.at:min(p.at+2, len(p.src))], "%02x", &c); err == nil {
				p.at++
			} else {
				return p.fail("escape %q", p.src[p.at])
			}
		}
		n.text = append(n.text, c)
	}
	if p.at >= len(p.src) {
		return p.fail("a string is not closed")
	}
	p.at++
	return nil
}
