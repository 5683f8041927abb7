package testmail

import (
	"embed"
	"html/template"
	"strings"
	text "text/template"
)

//go:embed mail.html mail.txt
var files embed.FS

var (
	htmlTemplate = template.Must(template.ParseFS(files, "mail.html"))
	textTemplate = text.Must(text.ParseFS(files, "mail.txt"))
)

// page is what the templates see.
type page struct {
	Title, Host, ESP, Preset, Target, Signed, Pixel, Sent string
	Attr                                                  template.HTMLAttr
	AttrText                                              string // for people; "" where there is none
	Own                                                   bool   // no ESP stands behind the site
	Untracked                                             bool
	Field                                                 string
}

// render makes both parts. The templates are constants and every value is a
// string, so executing them cannot fail.
func render(opt *Options) (plain, rich string) {
	s := SwitchOf(opt.Site)
	p := page{
		Title: opt.Subject, Host: opt.Site.Host, ESP: s.ESP, Preset: opt.Site.ESP, Target: opt.Target,
		Signed: opt.Signed, Pixel: opt.Pixel, Sent: opt.Now.UTC().Format("2006-01-02 15:04 UTC"),
		Attr: s.attr(), AttrText: s.Attr, Own: opt.Site.Origin == nil, Untracked: opt.Untracked, Field: s.Field,
	}
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
