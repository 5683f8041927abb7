package pasted

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/clickedge/clickedge/core/clean"
)

// request is what a curl command says about a link.
type request struct {
	url     string
	host    string // of -H 'Host: …'
	target  string // of --request-target
	method  string
	connect string // of --resolve or --connect-to
}

// letters are curl's short options, with their long names.
var letters = map[string]string{
	"H": "header", "X": "request", "d": "data", "A": "user-agent", "b": "cookie", "c": "cookie-jar", "e": "referer", "o": "output",
	"u": "user", "m": "max-time", "w": "write-out", "x": "proxy", "E": "cert", "T": "upload-file", "F": "form", "r": "range", "D": "dump-header",
	"I": "head", "s": "silent", "i": "include", "v": "verbose", "k": "insecure", "L": "location", "S": "show-error", "f": "fail", "G": "get",
	"g": "globoff", "4": "ipv4", "6": "ipv6", "N": "no-buffer", "O": "remote-name", "0": "http1.0", "#": "progress-bar", "j": "junk-session-cookies",
}

// withValue are the options that take a value; set applies them.
var withValue = strings.Fields(`header request data user-agent cookie cookie-jar referer output user max-time write-out proxy cert
	upload-file form range dump-header data-raw data-binary data-ascii data-urlencode json request-target url cacert resolve
	connect-to connect-timeout retry key max-redirs interface tls-max`)

// withoutValue are the options without a value.
var withoutValue = strings.Fields(`head silent include verbose insecure location show-error fail get globoff ipv4 ipv6 no-buffer
	remote-name http1.0 progress-bar compressed path-as-is http1.1 http2 http2-prior-knowledge http3 no-progress-meter
	junk-session-cookies tlsv1.2 tlsv1.3`)

// requestOf reads the words of a command line.
func requestOf(words []string) (*request, error) {
	if len(words) == 1 {
		line := strings.TrimPrefix(strings.TrimSpace(words[0]), "$ ")
		if !strings.HasPrefix(line, "curl ") {
			return &request{url: words[0]}, nil
		}
		var err error
		if words, err = shellWords(line); err != nil {
			return nil, err
		}
	}
	if len(words) == 0 || words[0] != "curl" {
		return nil, wrong(wholeHint, "%d arguments, and the first is not curl", len(words))
	}
	c := &curl{words: words[1:]}
	for len(c.words) > 0 {
		if err := c.next(); err != nil {
			return nil, err
		}
	}
	if c.url == "" {
		return nil, wrong("copy the line whole", "the line for curl has no URL")
	}
	return &c.request, nil
}

// shellWords splits a line as a shell does. Commands are not run and variables
// are not expanded, as their values are not known.
func shellWords(line string) ([]string, error) {
	const hint = "copy the line whole, as it was printed"
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil {
		return nil, wrong(hint, "the line for curl cannot be read: %v", err)
	}
	if len(file.Stmts) != 1 {
		return nil, wrong(hint, "the line for curl is %d commands", len(file.Stmts))
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) > 0 {
		return nil, wrong(hint, "%s is not one line for curl", clean.Quote(line, 120))
	}
	if needsShell(call) {
		return nil, wrong("put what it stands for in its place", "the line for curl has a variable or a command in it")
	}
	words, err := expand.Fields(&expand.Config{}, call.Args...)
	if err != nil {
		return nil, wrong(hint, "the line for curl cannot be read: %v", err)
	}
	return words, nil
}

// needsShell reports whether a word has parts that only a running shell can
// expand.
func needsShell(call *syntax.CallExpr) (found bool) {
	syntax.Walk(call, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp, *syntax.ProcSubst:
			found = true
		}
		return !found
	})
	return found
}

// curl reads a command line of curl's.
type curl struct {
	request
	words []string
}

func (c *curl) next() error {
	word := c.words[0]
	c.words = c.words[1:]
	switch {
	case strings.HasPrefix(word, "--"):
		return c.long(word[2:])
	case strings.HasPrefix(word, "-") && word != "-":
		return c.short(word[1:])
	}
	return c.setURL(word)
}

func (c *curl) long(name string) error {
	name, value, joined := strings.Cut(name, "=")
	switch {
	case slices.Contains(withoutValue, name) && !joined:
		c.flag(name)
		return nil
	case !slices.Contains(withValue, name):
		return unknownOption("--" + name)
	case joined:
		return c.set(name, value)
	}
	return c.setNext(name, "--"+name)
}

// short reads a group of short options; the last may be followed by its value.
func (c *curl) short(group string) error {
	for i := range group {
		letter, value := group[i:i+1], group[i+1:]
		name := letters[letter]
		switch {
		case slices.Contains(withoutValue, name):
			c.flag(name)
		case name == "":
			return unknownOption("-" + letter)
		case value != "":
			return c.set(name, value)
		default:
			return c.setNext(name, "-"+letter)
		}
	}
	return nil
}

func unknownOption(name string) error {
	return wrong("flags of clickedge stand before the word curl; leave out of curl's what does not shape the request",
		"the line for curl has %s, which is not known here", clean.Quote(name, 40))
}

// setNext applies an option, as it is written, whose value is the next word.
func (c *curl) setNext(name, written string) error {
	if len(c.words) == 0 {
		return wrong("copy the line whole", "the line for curl ends behind %s", written)
	}
	value := c.words[0]
	c.words = c.words[1:]
	return c.set(name, value)
}

func (c *curl) flag(name string) {
	switch {
	case name == "head" && c.method == "":
		c.method = "HEAD"
	case name == "get":
		c.method = "GET"
	}
}

func (c *curl) set(name, value string) error {
	switch name {
	case "url":
		return c.setURL(value)
	case "header":
		c.header(value)
	case "request":
		c.method = value
	case "request-target":
		c.target = value
	case "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "form":
		if c.method == "" {
			c.method = "POST"
		}
	case "upload-file":
		if c.method == "" {
			c.method = "PUT"
		}
	case "resolve", "connect-to":
		return c.setConnect(name, value)
	}
	return nil
}

func (c *curl) setURL(url string) error {
	if c.url != "" {
		return wrong("one link at a time", "the line for curl has two URLs: %s and %s", clean.Quote(c.url, 120), clean.Quote(url, 120))
	}
	c.url = url
	return nil
}

func (c *curl) header(line string) {
	if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "Host") {
		c.host = strings.TrimSpace(value)
	}
}

// setConnect reads HOST:PORT:ADDR of --resolve, HOST:PORT:HOST:PORT of
// --connect-to.
func (c *curl) setConnect(name, value string) error {
	parts := strings.SplitN(value, ":", 3)
	if len(parts) < 3 || parts[2] == "" {
		return wrong("copy the line whole", "--%s %s cannot be read", name, clean.Quote(value, 120))
	}
	c.connect = parts[2]
	if name == "resolve" {
		c.connect += ":" + parts[1]
	}
	return nil
}
