package esp

// SendGrid encrypts its links. Links that open an iOS app are below /uni/.
func sendGridShape(i int) shape {
	switch i {
	case 0:
		return shape{"/ls/click", whole, KindClick, asOpaque}
	case 1:
		return shape{"/wf/click", whole, KindClick, asOpaque}
	case 2:
		return shape{"/ss/c/", under, KindClick, asOpaque}
	case 3:
		return shape{"/wf/open", whole, KindOpen, asOpaque}
	case 4:
		return shape{"/ss/o/", under, KindOpen, asOpaque}
	case 5:
		return shape{"/wf/unsubscribe", whole, KindUnsubscribe, asOpaque}
	case 6:
		return shape{"/asm/", under, KindUnsubscribe, asOpaque} // and /asm/unsubscribe/
	case 7:
		return shape{"/uni/", under, KindApp, asOpaque}
	}
	return shape{}
}
