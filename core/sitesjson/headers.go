package sitesjson

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/jsontext"
)

// The limits of headers. A field costs a host call for each request, and its
// bytes count towards an entry of the config store.
const (
	maxHeaders     = 8
	maxHeaderName  = 64
	maxHeaderValue = 256
)

// setHeaders reads the object headers.
func (c *siteReader) setHeaders() {
	count := 0
	c.r.Object(func(name jsontext.Text) {
		count++
		if c.mistakes.full(name.At) {
			c.bad[fieldHeaders] = true
			c.r.Skip()
			return
		}
		c.header(name)
	})
	switch at := c.at[fieldHeaders]; {
	case c.r.Failed():
	case count == 0:
		c.mistake(fieldHeaders, at, "is empty", "name a field, or leave it out")
	case count > maxHeaders:
		c.mistake(fieldHeaders, at, "has "+strconv.Itoa(count)+" fields; at most "+strconv.Itoa(maxHeaders)+" are sent", "leave out those that the origin does not need")
	}
}

// header reads one field.
func (c *siteReader) header(name jsontext.Text) {
	way, key := c.path("headers.", pathName(name.Bytes)), strings.ToLower(string(name.Bytes))
	at, again := findHeader(c.headers, key)
	problem, hint := headerName(key)
	switch {
	case name.Odd != "":
		problem, hint = "the name "+name.Odd, ""
	case again:
		problem, hint = "given twice, as the letter case of a name does not count", "keep one"
	}
	if problem != "" {
		c.badHeader(name.At, way, problem, hint)
	}
	if e := c.want('"'); e != nil {
		c.bad[fieldHeaders] = true
		c.misfit(e, way)
		return
	}
	value := c.r.Text()
	if worse, hint := headerValue(value); worse != "" && !c.r.Failed() {
		problem = worse
		c.badHeader(value.At, way, worse, hint)
	}
	if problem == "" && len(c.headers) < maxHeaders*(maxHeaderName+maxHeaderValue+2) {
		c.headers = c.headers[:at] + key + "\x00" + string(value.Bytes) + "\x00" + c.headers[at:]
	}
}

// findHeader returns where a name is in the fields, which are sorted, or where
// it belongs.
func findHeader(fields, name string) (at int, found bool) {
	for rest := fields; rest != ""; at = len(fields) - len(rest) {
		var other string
		if other, rest = header.Next(rest); other >= name {
			return at, other == name
		}
		_, rest = header.Next(rest)
	}
	return at, false
}

// badHeader reports a field that is not sent.
func (c *siteReader) badHeader(at int, way, problem, hint string) {
	c.bad[fieldHeaders] = true
	c.mistakes.add(at, way, problem, hint)
}

// headerName checks a name in lower case.
func headerName(name string) (problem, hint string) {
	switch {
	case !isToken(name):
		return "is not the name of a field", `write one like "X-Postal-Track-Host"`
	case strings.IndexByte(name, '_') >= 0:
		return "has an underscore: some servers drop such a field, others take it for the one with a hyphen", "write a hyphen"
	case len(name) > maxHeaderName:
		return "the name has " + strconv.Itoa(len(name)) + " bytes; at most " + strconv.Itoa(maxHeaderName) + " are sent", ""
	}
	if problem = core.RefusedHeader(name); problem != "" {
		hint = "leave it out"
	}
	if name == "x-forwarded-host" {
		hint = `leave it out; "x_forwarded_host" sends it`
	}
	return problem, hint
}

// headerValue checks a value. What may be a secret is not repeated.
func headerValue(t jsontext.Text) (problem, hint string) {
	v := string(t.Bytes)
	switch {
	case t.Odd != "":
		return t.Odd, ""
	case v == "":
		return "is empty", "give it a value, or leave it out"
	case len(v) > maxHeaderValue:
		return "has " + strconv.Itoa(len(v)) + " bytes; at most " + strconv.Itoa(maxHeaderValue) + " are sent", ""
	case v[0] == ' ' || v[len(v)-1] == ' ':
		return "has a space at its beginning or end", "a server takes it off; leave it out"
	case isCredential(v):
		return "begins as a credential does: it would stand in the module and in the config store", "leave it out"
	}
	for i := 0; i < len(v); i++ {
		if v[i] < ' ' || v[i] > '~' {
			return "has a byte that is not printable ASCII", "servers read such bytes in different ways"
		}
	}
	return "", ""
}

// isCredential reports whether a value begins with a scheme of Authorization,
// or as a JSON Web Token or a private key does.
func isCredential(v string) bool {
	scheme, _, more := strings.Cut(v, " ")
	return more && strings.Contains(" basic bearer digest token ", " "+strings.ToLower(scheme)+" ") ||
		strings.HasPrefix(v, "eyJ") || strings.HasPrefix(v, "-----BEGIN")
}

// isToken reports whether s is a token (RFC 9110, 5.6.2), in lower case.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
