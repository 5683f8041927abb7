package testmail

import (
	"embed"
	"html/template"
	"slices"
	"strings"
	text "text/template"

	"github.com/clickedge/clickedge/core/esp"
)

//go:embed mail.html mail.txt
var parts embed.FS

var (
	htmlTemplate = template.Must(template.ParseFS(parts, "mail.html"))
	textTemplate = text.Must(text.ParseFS(parts, "mail.txt"))
)

// page is the data of the templates.
type page struct {
	Title, Host, ESP, Preset, Target, Signed, Pixel, Sent string
	Attr                                                  template.HTMLAttr
	AttrText                                              string // for people; "" where there is none
	Own                                                   bool   // the site has no ESP
	Untracked                                             bool
	Field                                                 string
	First                                                 template.HTMLAttr // of the first button
	By                                                    string            // what asks for untracked links
	InText                                                bool              // it also works in the text part
	NoOpens                                               bool
	OneClick                                              string
	NoSet                                                 bool // SES, and the message names no configuration set
}

// render makes both parts. The templates are constants and every value is a
// string, so executing them cannot fail.
func render(opt *Options, how asked) (plain, rich string) {
	s := SwitchOf(opt.Site)
	p := page{
		Title: opt.Subject, Host: opt.Site.Host, ESP: s.ESP, Preset: opt.Site.ESP, Target: opt.Target,
		Signed: opt.Signed, Pixel: opt.Pixel, Sent: opt.Now.UTC().Format("2006-01-02 15:04 UTC"),
		Attr: s.attr(), AttrText: s.Attr, Own: opt.Site.Origin == nil, Untracked: opt.Untracked, Field: s.Field,
	}
	p.OneClick, p.InText, p.NoOpens = opt.Unsubscribe, how.field, how.field && s.Opens
	switch {
	case how.field:
		p.By = s.Field
	case how.attr:
		p.By, p.First = s.Attr, p.Attr
	}
	p.NoSet = opt.Site.Origin != nil && opt.Site.Origin.Sender() == esp.FamilySES && !opt.Untracked && !opt.HTMLOnly && !namesSet(opt.Fields)
	var b strings.Builder
	if err := textTemplate.Execute(&b, p); err != nil {
		panic("internal error: " + err.Error())
	}
	plain = b.String()
	b.Reset()
	if err := htmlTemplate.Execute(&b, p); err != nil {
		panic("internal error: " + err.Error())
	}
	return plain, b.String()
}

// namesSet reports whether a field names a configuration set, without which SES
// tracks by the identity's own settings.
func namesSet(fields []string) bool {
	return slices.ContainsFunc(fields, func(f string) bool {
		return strings.HasPrefix(strings.ToUpper(f), "X-SES-CONFIGURATION-SET:")
	})
}
