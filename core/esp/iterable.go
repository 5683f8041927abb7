package esp

// Iterable's links name a template, a message and an encrypted event.
var iterableShapes = []shape{
	{"/u/click", whole, KindClick, asOpaque},
	{"/u/o", whole, KindOpen, asOpaque},
	{"/u/unsubscribe", under, KindUnsubscribe, asOpaque},
	{"/a/", under, KindApp, asOpaque},
}
