package esp

// Iterable's links name a template, a message and an encrypted event.
func iterableShape(i int) shape {
	switch i {
	case 0:
		return shape{"/u/click", whole, KindClick, asOpaque}
	case 1:
		return shape{"/u/o", whole, KindOpen, asOpaque}
	case 2:
		return shape{"/u/unsubscribe", under, KindUnsubscribe, asOpaque}
	case 3:
		return shape{"/a/", under, KindApp, asOpaque}
	}
	return shape{}
}
