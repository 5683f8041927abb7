package hostcall

// Bot is what Fastly's Bot Management says of a request. All is zero where it has
// not looked, or where the service does not have it.
type Bot struct {
	Analysed, Detected, Verified bool
	Category                     uint32 // $bot_category_kind
	Name                         string
}

// Bot asks. It costs one host call where nothing was analysed, two where no bot
// was found. Every status but OK means that there is no such value.
func (r Request) Bot() (b Bot) {
	if b.Analysed = yes(botAnalyzed, r); !b.Analysed {
		return b
	}
	if b.Detected = yes(botDetected, r); !b.Detected {
		return b
	}
	b.Verified = yes(botVerified, r)
	out.n = 0
	if botCategoryKind(r) == OK {
		b.Category = out.n
	}
	if name, st := fill(nil, func(p []byte) Status { return botName(r, p) }); st == OK {
		b.Name = string(name)
	}
	return b
}

func yes(ask func(Request) Status, r Request) bool {
	out.n = 0
	return ask(r) == OK && out.n == 1
}
