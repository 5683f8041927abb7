package hostcall

// Bot is what Fastly's Bot Management says of a request that it has analysed.
type Bot struct {
	Detected, Verified bool
	Category           uint32 // $bot_category_kind
	Name               string
}

// Analysed reports whether Bot Management has analysed the request. It is false
// on a service without the product.
func (r Request) Analysed() bool {
	out.n = 0
	return yes(importBotAnalyzed(r, &out.n))
}

// Bot returns the result of the analysis. It costs one host call if no bot was
// found. Every status but OK means that there is no such value.
func (r Request) Bot(b *Buffer) (bot Bot) {
	out.n = 0
	if bot.Detected = yes(importBotDetected(r, &out.n)); !bot.Detected {
		return bot
	}
	out.n = 0
	bot.Verified = yes(importBotVerified(r, &out.n))
	out.n = 0
	if importBotCategoryKind(r, &out.n) == OK {
		bot.Category = out.n
	}
	bot.Name = r.botName(b)
	return bot
}

// yes reads the boolean that the host has just written.
func yes(st Status) bool { return st == OK && out.n == 1 }

func (r Request) botName(b *Buffer) string {
	for {
		out.n = 0
		if st := importBotName(r, data(b.free), uint32(len(b.free)), &out.n); st == OK {
			name, _ := b.take()
			return name
		} else if !b.grow(st) {
			return ""
		}
	}
}
