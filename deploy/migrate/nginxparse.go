package migrate

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of an nginx configuration.
const (
	maxDepth      = 24
	maxDirectives = 20_000
	maxIncludes   = 100 // files
)

// directive is a statement of nginx: a name, words, and perhaps a block.
//
//	location /f/ { … }
//	└ name   └ args └ block
type directive struct {
	name  string
	args  []string
	block []*directive // nil where a semicolon ends it
	file  string
	line  int
}

func (d *directive) at() string { return d.file + ":" + strconv.Itoa(d.line) }

// arg is the i-th word, "" where there is none.
func (d *directive) arg(i int) string {
	if 0 <= i && i < len(d.args) {
		return d.args[i]
	}
	return ""
}

// last is the last word, "" where there is none.
func (d *directive) last() string { return d.arg(len(d.args) - 1) }

// nginxParser reads nginx's grammar ("Beginner's Guide, Configuration File's
// Structure"; quoting as in its ngx_conf_read_token). No library is used
// because every statement must keep its place, a stray brace must be an error
// and not the end of the file, and Lua must be skipped.
type nginxParser struct {
	file         string
	rest         string // of the text
	line, column int
	count        *int // directives, over all files
}

func (p *nginxParser) fail(line, column int, format string, args ...any) error {
	return &Error{Name: p.file, Line: line, Column: column, Problem: fmt.Sprintf(format, args...)}
}

func parseNginx(file string, text []byte, count *int) ([]*directive, error) {
	p := &nginxParser{file: file, rest: string(text), line: 1, column: 1, count: count}
	return p.block(0, nil)
}

// block reads statements up to the brace that ends the block, or the end of the
// file. open is the statement that the block belongs to.
func (p *nginxParser) block(depth int, open *directive) ([]*directive, error) {
	list := []*directive{}
	if depth > maxDepth {
		return nil, p.fail(p.line, p.column, "blocks stand more than %d deep in one another", maxDepth)
	}
	for {
		p.space()
		switch c, ok := p.peek(); {
		case !ok && open != nil:
			return nil, p.fail(p.line, p.column, "the file ends inside the block of %q, which begins on line %d", clip(open.name), open.line)
		case !ok:
			return list, nil
		case c == '}' && open != nil:
			p.take(1)
			return list, nil
		case c == '}' || c == '{' || c == ';':
			return nil, p.fail(p.line, p.column, "%q where a directive belongs", string(c))
		}
		d, err := p.statement(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
}

func (p *nginxParser) statement(depth int) (*directive, error) {
	d := &directive{file: p.file, line: p.line}
	if *p.count++; *p.count > maxDirectives {
		return nil, p.fail(p.line, p.column, "more than %d directives", maxDirectives)
	}
	for {
		p.space()
		line, column := p.line, p.column
		c, ok := p.peek()
		switch {
		case !ok || c == '}':
			return nil, p.fail(line, column, "the directive %q of line %d is not ended: a semicolon is missing", clip(d.name), d.line)
		case c == ';':
			p.take(1)
			return d, nil
		case c == '{':
			p.take(1)
			return d, p.body(d, depth)
		}
		word, err := p.word()
		if err != nil {
			return nil, err
		}
		if d.name == "" {
			d.name = word
		} else {
			d.args = append(d.args, word)
		}
	}
}

// body reads the block of a statement, or skips one of Lua.
func (p *nginxParser) body(d *directive, depth int) (err error) {
	if strings.HasSuffix(d.name, "_by_lua_block") {
		d.block = []*directive{}
		return p.skipLua(d)
	}
	d.block, err = p.block(depth+1, d)
	return err
}

// skipLua skips a block of Lua, to the brace that ends it. Braces in strings
// and in comments do not count (Lua 5.1 reference manual, 2.1).
func (p *nginxParser) skipLua(d *directive) error {
	for open := 1; open > 0; {
		c, ok := p.peek()
		if !ok {
			return p.fail(p.line, p.column, "the file ends inside the block of %q, which begins on line %d", clip(d.name), d.line)
		}
		switch {
		case c == '{':
			open++
		case c == '}':
			open--
		case c == '"' || c == '\'':
			p.skipLuaString(c)
		case c == '[' && p.longBracket() != "":
			p.skipTo(p.longBracket())
		case c == '-' && strings.HasPrefix(p.rest, "--"):
			p.skipLuaComment()
		}
		p.take(min(1, len(p.rest)))
	}
	return nil
}

// skipLuaString begins on a quote, and stops on the one that ends the string,
// or at the end of the line.
func (p *nginxParser) skipLuaString(quote byte) {
	p.take(1)
	for {
		c, ok := p.peek()
		if !ok || c == quote || c == '\n' {
			return
		}
		p.take(1)
		if _, more := p.peek(); c == '\\' && more {
			p.take(1)
		}
	}
}

func (p *nginxParser) skipLuaComment() {
	p.take(len("--"))
	if end := p.longBracket(); end != "" {
		p.skipTo(end)
	} else {
		p.skipLine()
	}
}

// longBracket returns the end of the long bracket that begins here, "]==]" for
// "[==[", and "" if none begins.
func (p *nginxParser) longBracket() string {
	rest, ok := strings.CutPrefix(p.rest, "[")
	level := len(rest) - len(strings.TrimLeft(rest, "="))
	if !ok || level == len(rest) || rest[level] != '[' {
		return ""
	}
	return "]" + rest[:level] + "]"
}

// skipTo stops on the last byte of what comes, or at the end of the file.
func (p *nginxParser) skipTo(end string) {
	before, _, found := strings.Cut(p.rest, end)
	p.take(len(before))
	if found {
		p.take(len(end) - 1)
	}
}

// word reads one word: quoted, with backslashes before quotes and backslashes
// removed, or bare up to white space, a semicolon or a brace. "${name}" is part
// of a word.
func (p *nginxParser) word() (string, error) {
	line, column := p.line, p.column
	c, _ := p.peek()
	if c == '"' || c == '\'' {
		return p.quotedWord(c, line, column)
	}
	var b strings.Builder
	for {
		c, ok := p.peek()
		switch {
		case !ok || strings.IndexByte(" \t\r\n;", c) >= 0:
			return b.String(), nil
		case c == '{' && strings.HasSuffix(b.String(), "$"):
			if err := p.variable(&b, line, column); err != nil {
				return "", err
			}
			continue
		case c == '{':
			return b.String(), nil
		case c == '\\' && len(p.rest) > 1:
			b.WriteString(p.take(2))
			continue
		case c < ' ' || c == 0x7f:
			return "", p.fail(p.line, p.column, "a control byte 0x%02x", c)
		}
		b.WriteString(p.take(1))
	}
}

func (p *nginxParser) variable(b *strings.Builder, line, column int) error {
	end := strings.IndexAny(p.rest, "}\n")
	if end < 0 || p.rest[end] == '\n' {
		return p.fail(line, column, "${ without its }")
	}
	b.WriteString(p.take(end + 1))
	return nil
}

func (p *nginxParser) quotedWord(quote byte, line, column int) (string, error) {
	var b strings.Builder
	p.take(1)
	for {
		c, ok := p.peek()
		if !ok {
			return "", p.fail(line, column, "a quote that is not closed")
		}
		p.take(1)
		if c == quote {
			break
		}
		if after, more := p.peek(); c == '\\' && more && (after == '"' || after == '\'' || after == '\\') {
			p.take(1)
			c = after
		}
		b.WriteByte(c)
	}
	if c, ok := p.peek(); ok && strings.IndexByte(" \t\r\n;{})", c) < 0 {
		return "", p.fail(p.line, p.column, "%q right after a quoted word", string(c))
	}
	return b.String(), nil
}

func (p *nginxParser) peek() (byte, bool) {
	if p.rest == "" {
		return 0, false
	}
	return p.rest[0], true
}

// take returns the next n bytes and goes on behind them.
func (p *nginxParser) take(n int) (text string) {
	text, p.rest = p.rest[:n], p.rest[n:]
	p.line += strings.Count(text, "\n")
	p.column += n
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		p.column = n - i
	}
	return text
}

func (p *nginxParser) skipLine() {
	line, _, _ := strings.Cut(p.rest, "\n")
	p.take(len(line))
}

// space skips white space and comments.
func (p *nginxParser) space() {
	for {
		p.take(len(p.rest) - len(strings.TrimLeft(p.rest, " \t\r\n")))
		if !strings.HasPrefix(p.rest, "#") {
			return
		}
		p.skipLine()
	}
}
