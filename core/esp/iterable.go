package esp

// Iterable's links name a template, a message and an encrypted event.
func iterableShapes(yield func(shape) bool) bool {
	return yield(shape{"/u/click", whole, KindClick, asOpaque}) &&
		yield(shape{"/u/o", whole, KindOpen, asOpaque}) &&
		yield(shape{"/u/unsubscribe", under, KindUnsubscribe, asOpaque}) &&
		yield(shape{"/a/", under, KindApp, asOpaque})
}
