package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// Finding is one thing that was found, good ones included.
type Finding struct {
	// ID is stable, in kebab case: "dns-still-at-esp". [catalogue.All] holds
	// every one.
	ID       string             `json:"id"`
	Section  catalogue.Section  `json:"section"`
	Severity catalogue.Severity `json:"severity"`
	Title    string             `json:"title"`
	// Seen is what was observed. It quotes foreign values, and must be escaped
	// where it is shown.
	Seen string `json:"seen"`
	// Means is what that does to readers and figures; "" for good findings.
	Means string `json:"means,omitempty"`
	// Fix is the fix, for the CDN and the ESP in use; "" where there is
	// nothing to do.
	Fix string `json:"mend,omitempty"`
	// Source is the address of the page that states the rule.
	Source string `json:"source,omitempty"`
}

// Skipped is a section that was not examined.
type Skipped struct {
	Section catalogue.Section `json:"section"`
	Why     string            `json:"why"`
}

// Unseen is what the examination could not see, and why: no finding claims it.
type Unseen struct {
	Section catalogue.Section `json:"section"`
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
	Section catalogue.Section `json:"section"`
	Name    string            `json:"name"`
	Value   string            `json:"value"`
}

// Timing is how long one step of a click takes. Where the ESP was not asked
// directly, ESP is -1.
type Timing struct {
	Step string        `json:"step"` // dns, connect, tls, first byte
	Took time.Duration `json:"took_ns"`
	// ESP is the part of Took that the ESP causes.
	ESP time.Duration `json:"esp_ns"`
}

// Links is what was seen of the links of one of a host's ESPs.
type Links struct {
	ESP     string `json:"esp"`
	Retired bool   `json:"retired,omitempty"`
	// By is the ESP that answered a made-up one; "" where none was seen to.
	By   string `json:"answered_by,omitempty"`
	Seen string `json:"seen"`
}

// Whose is the ESP, in words.
func (l Links) Whose() string {
	if l.Retired {
		return l.ESP + " (retired)"
	}
	return l.ESP
}

// Answered says who answered, in words.
func (l Links) Answered() string {
	if l.By == "" {
		return l.Seen
	}
	return l.By + ", " + l.Seen
}

// Report is the result of one examination.
type Report struct {
	Host string `json:"host"`
	// ESP is the preset, or "" if unknown; ESPGuessed is set where it was
	// not given.
	ESP        string `json:"esp,omitempty"`
	ESPGuessed bool   `json:"esp_guessed,omitempty"`
	// CDN is fastly, nginx, cloudflare, cloudfront or other.
	CDN string `json:"cdn"`
	// Via is the address that was asked in place of the host's; "" for the
	// host's own.
	Via      string    `json:"via,omitempty"`
	Started  time.Time `json:"started"`
	Findings []Finding `json:"findings"`
	Skipped  []Skipped `json:"skipped,omitempty"`
	NotSeen  []Unseen  `json:"not_seen,omitempty"`
	Seen     []Fact    `json:"seen,omitempty"`
	// Links says which ESP answered whose links, where the host has several.
	Links   []Links  `json:"links,omitempty"`
	Timings []Timing `json:"timings,omitempty"`
	// LinkOpened is set where the given link was opened.
	LinkOpened bool `json:"link_opened,omitempty"`
	// Queries, Connections and Requests count what was sent; none goes beyond
	// its bound.
	Queries     int `json:"queries"`
	Connections int `json:"connections"`
	Requests    int `json:"requests"`
	// Stands is for a program that takes the host over, and is not printed.
	Stands Stands `json:"-"`
}

// Worst is the highest severity of the findings.
func (r *Report) Worst() (worst catalogue.Severity) {
	for i := range r.Findings {
		worst = max(worst, r.Findings[i].Severity)
	}
	return worst
}

// Worrying returns the ids of the findings of severity warning and error,
// sorted, each once.
func (r *Report) Worrying() []string {
	var ids []string
	for i := range r.Findings {
		if r.Findings[i].Severity >= catalogue.Warning {
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

// Sort puts findings in the order of the sections, and within one the worst
// first.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if a.Section != b.Section {
			return int(a.Section) - int(b.Section)
		}
		return int(b.Severity) - int(a.Severity)
	})
	found := func(s Skipped) bool {
		return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Section == s.Section })
	}
	r.Skipped = slices.DeleteFunc(r.Skipped, found)
}

// WriteJSON writes the report as one indented JSON object, with the names of
// [Report]'s fields.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Worst catalogue.Severity `json:"worst"`
		*Report
	}{r.Worst(), r})
}
