package esp

// SendGrid encrypts its links. Links that open an iOS app are below /uni/.
var sendGridShapes = []shape{
	{"/ls/click", whole, KindClick, asOpaque},
	{"/wf/click", whole, KindClick, asOpaque},
	{"/ss/c/", under, KindClick, asOpaque},
	{"/wf/open", whole, KindOpen, asOpaque},
	{"/ss/o/", under, KindOpen, asOpaque},
	{"/wf/unsubscribe", whole, KindUnsubscribe, asOpaque},
	{"/asm/", under, KindUnsubscribe, asOpaque}, // and /asm/unsubscribe/
	{"/uni/", under, KindApp, asOpaque},
}
