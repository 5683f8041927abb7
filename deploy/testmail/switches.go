package testmail

import (
	"errors"
	"fmt"
	"html/template"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// Switch is an ESP's way to leave links untracked.
type Switch struct {
	// ESP is its name for people.
	ESP string
	// Attr is the attribute of an untracked anchor, as HTML; "" if the ESP
	// documents no switch for one link.
	Attr string
	// Field, On and Off are a field of the message and its values for all links
	// of it, on and off; "" where there is none.
	Field, On, Off string
	// Opens: Off switches the counting of opens off, too.
	Opens bool
	// Source names the ESP's page on it. The attributes for one link were
	// confirmed in public texts; the header fields for a whole message, and
	// Mailjet's and Iterable's entries, rely on those pages only and were not
	// tried.
	Source string
}

// attr is Attr for the template: it is a constant of this file.
func (s Switch) attr() template.HTMLAttr { return template.HTMLAttr(s.Attr) }

// switches are by family. Attributes come before href: Braze requires that with
// every ESP beneath it (Braze, "Email FAQ", "Link aliasing": "SendGrid:
// clicktracking=off, SparkPost: data-msys-clicktrack=0, Amazon SES:
// ses:no-track").
var switches = map[esp.Family]Switch{
	esp.FamilyCustomerIO: {
		ESP: "Customer.io", Attr: `class="untracked"`,
		Source: `Customer.io, "Link Tracking": class="untracked" on the link`,
	},
	esp.FamilySendGrid: {
		ESP: "SendGrid", Attr: `clicktracking="off"`,
		Field: "X-SMTPAPI", On: `{"filters":{"clicktrack":{"settings":{"enable":1}},"opentrack":{"settings":{"enable":1}}}}`,
		Off:    `{"filters":{"clicktrack":{"settings":{"enable":0,"enable_text":false}},"opentrack":{"settings":{"enable":0}}}}`,
		Opens:  true,
		Source: `SendGrid, "Click Tracking": clicktracking="off"; "SMTP Filters": clicktrack. The attribute does nothing in the text part`,
	},
	esp.FamilySparkPost: {
		ESP: "SparkPost", Attr: `data-msys-clicktrack="0"`,
		Field: "X-MSYS-API", On: `{"options":{"open_tracking":true,"click_tracking":true}}`,
		Off:    `{"options":{"open_tracking":false,"click_tracking":false}}`,
		Opens:  true,
		Source: `SparkPost, "Template Language, Link Attributes": data-msys-clicktrack; "SMTP API": X-MSYS-API`,
	},
	esp.FamilySES: {
		ESP: "Amazon SES", Attr: `ses:no-track`,
		Source: `Amazon SES, "Email sending metrics FAQs": ses:no-track in the anchor`,
	},
	esp.FamilyMailgun: {
		ESP: "Mailgun", Attr: `disable-tracking="true"`,
		Field: "X-Mailgun-Track-Clicks", On: "yes", Off: "no",
		Source: `Mailgun, "Tracking Messages": disable-tracking=true on a link; "Sending via SMTP": X-Mailgun-Track-Clicks`,
	},
	esp.FamilyPostmark: {
		ESP: "Postmark", Attr: `data-pm-no-track`,
		Field: "X-PM-TrackLinks", On: "HtmlAndText", Off: "None",
		Source: `Postmark, "Tracking links": data-pm-no-track, X-PM-TrackLinks`,
	},
	esp.FamilyMandrill: {
		ESP: "Mandrill", Attr: `mc:disable-tracking`,
		Field: "X-MC-Track", On: "opens,clicks", Off: "none",
		Opens:  true,
		Source: `Mailchimp Transactional, "Track clicks": mc:disable-tracking; "Customize behavior with SMTP headers": X-MC-Track`,
	},
	esp.FamilyMailjet: {
		ESP:   "Mailjet",
		Field: "X-Mailjet-TrackClick", On: "1", Off: "0",
		Source: `Mailjet, "Send with SMTP, custom headers": X-Mailjet-TrackClick, for a whole message; nothing is documented for one link`,
	},
	esp.FamilyIterable: {
		ESP:    "Iterable",
		Source: "Iterable tracks by template; nothing is documented for one link",
	},
	esp.FamilyCustom: {ESP: "your provider"},
}

// SwitchOf returns the switch of a site's ESP. Braze's and a reseller's is
// that of the ESP beneath.
func SwitchOf(site *core.Site) Switch {
	if site.Origin == nil {
		return Switch{ESP: "no ESP"}
	}
	s := switches[site.Origin.Sender()]
	if _, name := core.Beneath(site.ESP); name != "" {
		s.ESP = name + " on " + s.ESP
		// It sends through the ESP itself: a field of the message would not
		// reach that.
		s.Field, s.On, s.Off = "", "", ""
	}
	return s
}

// ErrNoSwitch says that the links of a message cannot be left untracked.
var ErrNoSwitch = errors.New("no way is known to ask for untracked links")

// asked is how an ESP is asked to leave all links of a message untracked.
type asked struct {
	field bool // by the field of the message
	attr  bool // by the attribute on every link of the HTML part
}

// ask chooses between field and attribute. HTML alone cannot have a field of a
// message.
func (s Switch) ask(opt *Options) (asked, error) {
	switch {
	case !opt.Untracked:
		return asked{}, nil
	case opt.Site.Origin == nil:
		return asked{}, fmt.Errorf("%w: no ESP stands behind %s", ErrNoSwitch, opt.Site.Host)
	case s.Field != "" && !opt.HTMLOnly:
		return asked{field: true}, nil
	case s.Attr != "":
		return asked{attr: true}, nil
	case s.Field != "":
		return asked{}, fmt.Errorf("%w in HTML alone: %s has the field %s, which is part of a message", ErrNoSwitch, s.ESP, s.Field)
	}
	return asked{}, fmt.Errorf("%w: %s has no field of the message and no attribute of a link for it", ErrNoSwitch, s.ESP)
}
