package doctor

import (
	"slices"
	"time"
)

// Severity says how bad a finding is. The worst of a report decides the exit code of the command.
type Severity uint8

// The severities, in order.
const (
	OK      Severity = iota // checked and good
	Info                    // worth knowing, nothing to fix
	Warning                 // works for most, or will not work for long
	Error                   // links or figures are lost now
)

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

// Section is a part of the examination. They are in the order in which things break.
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

var sectionNames = [...]string{"dns", "tls", "http", "esp", "fidelity", "filters", "caching", "app-links", "speed"}

var sectionTitles = [...]string{"DNS", "TLS", "HTTP", "ESP", "Fidelity", "Filters", "Caching", "App links", "Speed"}

// String returns the name of the section: "app-links".
func (s Section) String() string { return sectionNames[s] }

// Title returns the heading of the section: "App links".
func (s Section) Title() string { return sectionTitles[s] }

// MarshalText is [Section.String], for JSON.
func (s Section) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that was found, good ones included.
type Finding struct {
	// ID is stable, in kebab case: "dns-still-at-esp". [Catalogue] holds every one.
	ID       string   `json:"id"`
	Section  Section  `json:"section"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	// Seen is what was observed. It quotes foreign values, and must be escaped where it is shown.
	Seen string `json:"seen"`
	// Means is what that does to readers and figures; "" for good findings.
	Means string `json:"means,omitempty"`
	// Mend is the fix, for the CDN and the ESP at hand; "" where there is nothing to do.
	Mend string `json:"mend,omitempty"`
	// Source is the address of the page that states the rule.
	Source string `json:"source,omitempty"`
	// or are the ids of further findings that would look the same from outside.
	or []string
}

// Skipped is a section that was not examined.
type Skipped struct {
	Section Section `json:"section"`
	Why     string  `json:"why"`
}

// Unseen is what the examination could not see, and why: no finding claims it.
type Unseen struct {
	Section Section `json:"section"`
	// What completes "not seen: …".
	What string `json:"what"`
	// Because is the reason; Ask is what would show it, "" for nothing.
	Because string `json:"because"`
	Ask     string `json:"ask,omitempty"`
}

// Text is the sentence of it.
func (u *Unseen) Text() string {
	text := "not seen: " + u.What + ", because " + u.Because
	if u.Ask != "" {
		text += "; " + u.Ask
	}
	return text
}

// Fact is one thing that was seen, whether or not anything is wrong with it.
type Fact struct {
	Section Section `json:"section"`
	Name    string  `json:"name"`
	Value   string  `json:"value"`
}

// Timing is how long one step of a click takes. Where the ESP was not asked directly, ESP is -1.
type Timing struct {
	Step string        `json:"step"` // dns, connect, tls, first byte
	Took time.Duration `json:"took_ns"`
	// ESP is the part of Took that the ESP causes.
	ESP time.Duration `json:"esp_ns"`
}

// Report is the result of one examination.
type Report struct {
	Host string `json:"host"`
	// ESP is the preset, or "" if unknown; ESPGuessed tells that it was not given.
	ESP        string `json:"esp,omitempty"`
	ESPGuessed bool   `json:"esp_guessed,omitempty"`
	// CDN is fastly, nginx, cloudflare, cloudfront or other.
	CDN string `json:"cdn"`
	// Via is the address that was asked in place of the host's; "" for the host's own.
	Via      string    `json:"via,omitempty"`
	Started  time.Time `json:"started"`
	Findings []Finding `json:"findings"`
	Skipped  []Skipped `json:"skipped,omitempty"`
	NotSeen  []Unseen  `json:"not_seen,omitempty"`
	Seen     []Fact    `json:"seen,omitempty"`
	Timings  []Timing  `json:"timings,omitempty"`
	// LinkOpened tells that the given link was opened.
	LinkOpened bool `json:"link_opened,omitempty"`
	// Queries, Connections and Requests count what was sent; none goes beyond its bound.
	Queries     int `json:"queries"`
	Connections int `json:"connections"`
	Requests    int `json:"requests"`
}

// Worst is the highest severity of the findings.
func (r *Report) Worst() (worst Severity) {
	for i := range r.Findings {
		worst = max(worst, r.Findings[i].Severity)
	}
	return worst
}

// Worrying returns the ids of the findings of severity warning and error, sorted, each once.
func (r *Report) Worrying() []string {
	var ids []string
	for i := range r.Findings {
		if r.Findings[i].Severity >= Warning {
			ids = append(ids, r.Findings[i].ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Has reports whether there is a finding of this id.
func (r *Report) Has(id string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.ID == id })
}
