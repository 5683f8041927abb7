package sitesjson

import (
	"cmp"
	"strconv"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
)

// maxNote is the most bytes of a note on a recall.
const maxNote = 500

// recallEntry is a rule of recalls as it is written. It is checked when all
// fields of the site are known.
type recallEntry struct {
	at             int // of the rule
	fromAt, toAt   int // 0: not given
	goneAt         int
	from           recall.From
	to             string
	gone, bad, odd bool // bad: reported; odd: from is invalid
}

// recallMembers are the members of a rule. The notes say who added it, when and
// why. They are not put into the module.
var recallMembers = []string{"from", "to", "gone", "by", "at", "why"}

// addRecall reads one rule.
func (c *siteReader) addRecall(i int) {
	if e := c.want('{'); e != nil {
		c.bad[fieldRecalls] = true
		e.Hint = cmp.Or(e.Hint, `write {"from": "https://…", "to": "https://…"}`)
		c.misfit(e, c.recallPath(i, ""))
		c.recalls = append(c.recalls, recallEntry{bad: true})
		return
	}
	e := recallEntry{at: c.r.At()}
	seen := map[string]bool{}
	c.r.Object(func(name jsontext.Text) {
		member := string(name.Bytes)
		if seen[member] {
			c.recallFault(&e, name.At, i, pathName(name.Bytes), "given twice", "keep one")
			c.r.Skip()
			return
		}
		seen[member] = true
		c.recallMember(&e, i, name)
	})
	c.recalls = append(c.recalls, e)
}

func (c *siteReader) recallPath(i int, member string) string {
	path := c.path(fieldDocs[fieldRecalls].Name, "[", strconv.Itoa(i), "]")
	if member != "" {
		path += "." + member
	}
	return path
}

// recallFault reports a mistake in a rule.
func (c *siteReader) recallFault(e *recallEntry, at, i int, member, problem, hint string) {
	e.bad, c.bad[fieldRecalls] = true, true
	c.mistakes.add(at, c.recallPath(i, member), problem, hint)
}

func (c *siteReader) recallMember(e *recallEntry, i int, name jsontext.Text) {
	member := string(name.Bytes)
	switch member {
	case "from", "to", "by", "at", "why":
		if text, at, ok := c.recallText(e, i, member); ok {
			c.recallValue(e, i, member, at, text)
		}
	case "gone":
		if m := c.want('t'); m != nil {
			c.recallMisfit(e, m, i, member)
			return
		}
		e.goneAt = c.r.At()
		if e.gone = c.flag(); !e.gone {
			c.recallFault(e, e.goneAt, i, member, "is false", `write true, or leave it out`)
		}
	default:
		hint := didYouMean(member, recallMembers)
		if hint == "" {
			hint = "the fields are " + quoteAll(recallMembers)
		}
		c.recallFault(e, name.At, i, pathName(name.Bytes), "unknown field", hint)
		c.r.Skip()
	}
}

func (c *siteReader) recallMisfit(e *recallEntry, m *jsontext.Error, i int, member string) {
	e.bad, c.bad[fieldRecalls] = true, true
	c.misfit(m, c.recallPath(i, member))
}

// recallText reads a member that is a string.
func (c *siteReader) recallText(e *recallEntry, i int, member string) (text string, at int, ok bool) {
	if m := c.want('"'); m != nil {
		c.recallMisfit(e, m, i, member)
		return "", 0, false
	}
	t := c.r.Text()
	if t.Odd != "" {
		c.recallFault(e, t.At, i, member, t.Odd, "")
		return "", 0, false
	}
	return string(t.Bytes), t.At, !c.r.Failed()
}

func (c *siteReader) recallValue(e *recallEntry, i int, member string, at int, text string) {
	switch member {
	case "from":
		var f recall.Fault
		e.fromAt = at
		if e.from, f = recall.ReadFrom(text); f.Problem != "" {
			e.odd = true
			c.recallFault(e, at, i, member, quoteURL([]byte(text))+" "+f.Problem, f.Hint)
		}
	case "to":
		e.to, e.toAt = text, at
	default:
		if len(text) > maxNote {
			c.recallFault(e, at, i, member, "has "+strconv.Itoa(len(text))+" bytes; a note has at most "+strconv.Itoa(maxNote), "")
		}
	}
}

// relateRecalls checks the rules against the site and each other, and puts them
// into the site.
func (c *siteReader) relateRecalls() {
	if len(c.recalls) > recall.Max {
		c.mistake(fieldRecalls, c.at[fieldRecalls], "has "+strconv.Itoa(len(c.recalls))+" rules; a site has at most "+strconv.Itoa(recall.Max),
			`one rule whose "from" ends in "*" meets many links`)
		return
	}
	for i := range c.recalls {
		e := &c.recalls[i]
		c.relateFrom(e, i)
		c.relateTo(e, i)
		if !e.bad {
			c.site.Recalls = c.site.Recalls.Append(recall.Rule{From: e.from, To: e.to})
		}
	}
}

// relateFrom reports a rule that is not whole, and one that no click can reach.
func (c *siteReader) relateFrom(e *recallEntry, i int) {
	switch {
	case e.fromAt == 0 && !e.bad:
		c.recallFault(e, e.at, i, "from", "is missing", `name the URL that is wrong, as in "from": "https://shop.example.com/sale"`)
	case e.toAt == 0 && e.goneAt == 0 && !e.bad:
		c.recallFault(e, e.at, i, "to", "is missing", `say where the link leads now, or "gone": true`)
	case e.toAt != 0 && e.goneAt != 0:
		c.recallFault(e, e.goneAt, i, "gone", `does not go with "to"`, "a link leads to another page or is gone: keep one")
	}
	if e.fromAt == 0 || e.odd {
		return
	}
	for j, before := range c.recalls[:i] {
		other := "recalls[" + strconv.Itoa(j) + "]"
		switch {
		case before.fromAt == 0 || before.odd || !before.from.Covers(e.from):
			continue
		case e.from.Covers(before.from):
			c.recallFault(e, e.fromAt, i, "from", "is that of "+other+" again", "keep one: the first that meets a link counts")
		default:
			c.recallFault(e, e.fromAt, i, "from", "is never reached: "+other+" meets all that it meets", "put it before that one")
		}
		return
	}
}

// relateTo checks where a rule leads, as for any other redirect.
func (c *siteReader) relateTo(e *recallEntry, i int) {
	if e.toAt == 0 || e.bad {
		return
	}
	problem, hint := "", ""
	d, ok := destination.Parse(e.to)
	switch {
	case !ok:
		problem, hint = "is not a URL that every browser reads the same way", `write one like "https://www.example.com/"`
	case !d.TLS && !c.on[fieldAllowHTTP]:
		problem, hint = "is not https", `write https://, or say "allow_http": true`
	case d.Host == c.site.Host:
		problem, hint = "is on the link domain itself", "give the final page"
	case e.from.Host != "" && !e.from.Prefix && e.from.Meets(e.to):
		problem, hint = "is what the rule recalls", `name another page, or write "gone": true`
	case !c.bad[fieldDestinations] && c.site.Allows(e.to) == outcome.UnlistedDestination:
		problem, hint = "leads to a host that the site does not list", "add "+strconv.Quote(d.Host)+" to destinations"
	}
	if problem != "" {
		c.recallFault(e, e.toAt, i, "to", quoteURL([]byte(e.to))+" "+problem, hint)
	}
}
