package core

// What the golden cases use of the other tests: they read sites.json, and
// sitesjson imports this package.
var (
	Carried   = carried
	HeadersOf = have
	ValuesOf  = list
)

type Ring = ring
