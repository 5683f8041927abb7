package core

// Why is the reason why an ESP's link was proxied, or redirected from the link.
// It is WhyNone if [Decision.Code] says it all.
type Why uint8

// The reasons.
const (
	WhyNone       Why = iota
	WhyKind           // links of this kind are never answered from here
	WhySetting        // the site does not ask for it
	WhyMethod         // requests with this method are never answered from the link
	WhyUnread         // the link does not say where it leads
	WhyLikely         // it does, but not for certain
	WhyNotAllowed     // the site does not redirect to where it leads
	WhyRead           // the link was read, and its reader redirected
	WhyNotLearned     // the link does not say where it leads, and that has not been learned
	WhyLearned        // it has been learned, and the reader was redirected
)
