package catalogue

// Severity says how bad a finding is. The worst of a report decides the exit
// code of the command.
type Severity uint8

// The severities, in order.
const (
	OK      Severity = iota // checked and good
	Info                    // worth knowing, nothing to fix
	Warning                 // works for most, or will not work for long
	Error                   // links or figures are lost now
)

// Severities is how many there are.
const Severities = len(severityNames)

var severityNames = [...]string{"ok", "info", "warning", "error"}

// String returns "ok", "info", "warning" or "error".
func (s Severity) String() string {
	if int(s) >= len(severityNames) {
		return "unknown"
	}
	return severityNames[s]
}

// MarshalText is [Severity.String], for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Section is a part of the examination. They are in the order in which things
// break.
type Section uint8

// The sections.
const (
	DNS Section = iota
	TLS
	HTTP
	ESP
	Fidelity
	Filters
	Caching
	AppLinks
	Speed
)

// Sections is how many there are.
const Sections = Section(len(sectionNames))

var sectionNames = [...]string{"dns", "tls", "http", "esp", "fidelity", "filters", "caching", "app-links", "speed"}

var sectionTitles = [...]string{"DNS", "TLS", "HTTP", "ESP", "Fidelity", "Filters", "Caching", "App links", "Speed"}

// String returns the name of the section: "app-links".
func (s Section) String() string { return sectionNames[s] }

// Title returns the heading of the section: "App links".
func (s Section) Title() string { return sectionTitles[s] }

// MarshalText is [Section.String], for JSON.
func (s Section) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
