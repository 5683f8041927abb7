package esp

// SendGrid encrypts its links. Links that open an iOS app are below /uni/.
func sendGridShapes(yield func(shape) bool) bool {
	return yield(shape{"/ls/click", whole, KindClick, asOpaque}) &&
		yield(shape{"/wf/click", whole, KindClick, asOpaque}) &&
		yield(shape{"/ss/c/", under, KindClick, asOpaque}) &&
		yield(shape{"/wf/open", whole, KindOpen, asOpaque}) &&
		yield(shape{"/ss/o/", under, KindOpen, asOpaque}) &&
		yield(shape{"/wf/unsubscribe", whole, KindUnsubscribe, asOpaque}) &&
		yield(shape{"/asm/", under, KindUnsubscribe, asOpaque}) && // and /asm/unsubscribe/
		yield(shape{"/uni/", under, KindApp, asOpaque})
}
