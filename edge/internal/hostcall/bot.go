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
	var is uint32
	return importBotAnalyzed(r, &is) == OK && is == 1
}

// Bot returns the result of the analysis. It costs one host call if no bot was
// found. Every status but OK means that there is no such value.
func (r Request) Bot(b *Buffer) (bot Bot) {
	var is, kind uint32
	if bot.Detected = importBotDetected(r, &is) == OK && is == 1; !bot.Detected {
		return bot
	}
	is = 0
	bot.Verified = importBotVerified(r, &is) == OK && is == 1
	if importBotCategoryKind(r, &kind) == OK {
		bot.Category = kind
	}
	bot.Name = r.botName(b)
	return bot
}

func (r Request) botName(b *Buffer) string {
	for {
		var n uint32
		if st := importBotName(r, data(b.free), uint32(len(b.free)), &n); st == OK {
			name, _ := b.take(n)
			return name
		} else if !b.grow(st, n) {
			return ""
		}
	}
}
