package rusthost

import (
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Plan is what the host is asked to do; bench/host/src/plan.rs says what each
// part means.
type Plan struct {
	Turns         int     `json:"turns"`
	Clicks        int     `json:"clicks"`
	WarmClicks    int     `json:"warm_clicks"`
	ResidentBytes int     `json:"resident_bytes"`
	Service       Service `json:"service"`
	Guests        []Guest `json:"guests"`
	Lanes         []Lane  `json:"lanes"`
}

// Service is what host calls answer.
type Service struct {
	Environment []string          `json:"environment"`
	Secrets     map[string]string `json:"secrets"`
	Config      map[string]string `json:"config"`
	ESP         Answer            `json:"esp"`
}

// Answer is what the ESP answers.
type Answer struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
}

// Guest is a module in a file.
type Guest struct {
	Name string `json:"name"`
	File string `json:"file"`
}

// Lane is a click in a guest.
type Lane struct {
	Name     string    `json:"name"`
	Guest    string    `json:"guest"`
	Request  Request   `json:"request"`
	Before   []Request `json:"before,omitempty"`
	Want     Want      `json:"want"`
	Resident bool      `json:"resident,omitempty"`
}

// Request is a reader's request.
type Request struct {
	Method  string      `json:"method"`
	URI     string      `json:"uri"`
	Headers [][2]string `json:"headers"`
}

// Want is the right answer. "" is not looked for.
type Want struct {
	Status   int    `json:"status"`
	Location string `json:"location"`
	Logged   string `json:"logged"`
}

// NewService is the service that clicks.Config describes.
func NewService() Service {
	s := Service{Secrets: map[string]string{clicks.KeyID: clicks.Secret}, Config: map[string]string{}}
	for _, pair := range clicks.Environment() {
		s.Environment = append(s.Environment, pair[0]+"="+pair[1])
	}
	status, header := clicks.Answer()
	s.ESP = Answer{Status: status, Headers: pairs(header)}
	return s
}

// NewRequest is the request of a click.
func NewRequest(r *hostsim.Request) Request {
	return Request{Method: r.Method, URI: "https://" + r.Host + r.Target, Headers: append([][2]string{{"host", r.Host}}, pairs(r.Header)...)}
}

// NewLane is a click in a guest that must be answered rightly, and logged if
// the guest logs.
func NewLane(name, guest string, k *clicks.Kind, logs bool) Lane {
	l := Lane{Name: name, Guest: guest, Request: NewRequest(&k.Request), Resident: true, Want: Want{Status: k.Status, Location: k.Location}}
	if logs {
		l.Want.Logged = `"code":"` + k.Logged + `"`
	}
	return l
}

func pairs(h wire.Header) [][2]string {
	list := make([][2]string, len(h))
	for i, f := range h {
		list[i] = [2]string{f.Name, f.Value}
	}
	return list
}
