package esp

// Iterable's links name a template, a message and an encrypted event.
var iterableShapes = []shape{
	{"/u/click", whole, KindClick, readOpaque},
	{"/u/o", whole, KindOpen, readOpaque},
	{"/u/unsubscribe", under, KindUnsubscribe, readOpaque},
	{"/a/", under, KindApp, readOpaque},
}
