package core

// Outgoing is what changes in a reader's request on its way to an ESP. The target,
// the method, the body and every field that is not named here stay as they came.
type Outgoing struct {
	// Host is what the origin gets as Host, in one form: the site was found by a
	// host in any letter case, perhaps with a port or a trailing dot.
	Host string
	// ForwardedHost sends the link domain as X-Forwarded-Host. Where it is not
	// set, what the reader sent under that name is removed: SparkPost takes it for
	// the Host, and nobody outside may choose that.
	ForwardedHost bool
	// Cookies says which of the reader's cookies go on.
	Cookies Cookies
	// Authorization lets the reader's Authorization go on. A browser sends it by
	// itself to whom it was once given, and no ESP asks for it.
	Authorization bool
}

// Outgoing says what changes on the way to an origin of this site.
func (s *Site) Outgoing(o *Origin) Outgoing {
	out := Outgoing{Host: s.Host, ForwardedHost: o.ForwardedHost, Cookies: o.Cookies, Authorization: o.Family == FamilyCustom}
	if o.OriginHost {
		out.Host = o.Address
	}
	return out
}

// Edit is one change of a field, for those who explain or check what is done. A
// value in angle brackets is known only when a reader comes.
type Edit struct {
	Name  string
	Value string
	Op    EditOp
}

// EditOp is how a field is changed.
type EditOp uint8

// The changes.
const (
	EditSet    EditOp = iota // to Value, whatever it was
	EditAppend               // Value, to what came
	EditRemove
	EditOwnCookies // as CookiesOwn says; Value is the mark
	EditPass       // not at all, where one might expect it
)

// Edits lists what is done to the fields of a request that is proxied for this
// site, hop-by-hop fields (RFC 9110, 7.6.1) aside.
func (s *Site) Edits() []Edit {
	out := s.Outgoing(s.Origin)
	list := []Edit{{"Host", out.Host, EditSet}}
	if out.ForwardedHost {
		list = append(list, Edit{"X-Forwarded-Host", s.Host, EditSet})
	} else {
		list = append(list, Edit{"X-Forwarded-Host", "", EditRemove})
	}
	list = append(list,
		Edit{"X-Forwarded-Proto", "<http or https>", EditSet},
		Edit{"X-Forwarded-For", "<the reader's address>", EditAppend},
		Edit{"CDN-Loop", string(AppendLoop(nil, s.Host)), EditAppend})
	list = s.Origin.cookieEdits(list, "Cookie")
	credentials := Edit{"Authorization", "", EditRemove}
	if out.Authorization {
		credentials.Op = EditPass
	}
	return append(list, credentials, Edit{FastlyKey, "", EditRemove})
}

// AnswerEdits lists what is done to the fields of the ESP's answer that concern
// cookies.
func (s *Site) AnswerEdits() []Edit {
	list := s.Origin.cookieEdits(nil, "Set-Cookie")
	if s.Origin.Cookies != CookiesPass {
		// "cookies" clears those of the whole registrable domain (W3C, Clear
		// Site Data, 3.1): it would log readers out of the brand's own site.
		list = append(list, Edit{"Clear-Site-Data", "", EditRemove})
	}
	return list
}

func (o *Origin) cookieEdits(list []Edit, name string) []Edit {
	switch o.Cookies {
	case CookiesOwn:
		return append(list, Edit{name, o.CookieMark(), EditOwnCookies})
	case CookiesStrip:
		return append(list, Edit{name, "", EditRemove})
	}
	return append(list, Edit{name, "", EditPass})
}

// FastlyKey is the field in which a purge carries the token of Fastly's API. It
// reaches the program like any other, and must never reach an ESP.
const FastlyKey = "Fastly-Key"
