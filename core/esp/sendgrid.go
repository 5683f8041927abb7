package esp

// SendGrid encrypts its links. Links that open an iOS app are below /uni/.
var sendGridShapes = []shape{
	{"/ls/click", whole, KindClick, readOpaque},
	{"/wf/click", whole, KindClick, readOpaque},
	{"/ss/c/", under, KindClick, readOpaque},
	{"/wf/open", whole, KindOpen, readOpaque},
	{"/ss/o/", under, KindOpen, readOpaque},
	{"/wf/unsubscribe", whole, KindUnsubscribe, readOpaque},
	{"/asm/", under, KindUnsubscribe, readOpaque}, // and /asm/unsubscribe/
	{"/uni/", under, KindApp, readOpaque},
}
