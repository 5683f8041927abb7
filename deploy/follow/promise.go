package follow

// Promise compares the destination in the first readable link of a walk with
// where it led.
type Promise struct {
	// Said is the destination in the link, byte for byte.
	Said string `json:"said"`
	// Got is the address of the walk that comes closest.
	Got string `json:"got,omitempty"`
	// Kept: the walk reached the destination, byte for byte or with parameters
	// added to its query only.
	Kept bool `json:"kept"`
	// How says it in words.
	How string `json:"how"`
}

// compare fills in the promise. There is none if the walk ended before the
// link's redirect.
func (r *Result) compare() {
	for i, h := range r.Hops {
		if h.Is.Destination == "" {
			continue
		}
		if h.Next == "" {
			return
		}
		r.Promise = promiseOf(h, r.Hops[i+1:])
		return
	}
}

func promiseOf(h *Hop, after []*Hop) *Promise {
	p := &Promise{Said: h.Is.Destination, Got: h.Next}
	if h.Location == p.Said {
		p.Kept, p.How = true, "the redirect is what the link says, byte for byte"
		return p
	}
	said, _, err := readURL(p.Said, h.url)
	if err != nil {
		p.How = "no browser accepts the destination in the link: " + err.Error()
		return p
	}
	best := -1
	for _, next := range after {
		if n := nearness(said, next.url); n > best {
			best, p.Got = n, next.URL
		}
	}
	p.Kept = best >= 3
	p.How = [...]string{
		"the walk never came to the host in the link",
		"another page on the host in the link",
		"the page in the link, but its query is another",
		"the page in the link, with parameters added to its query",
		"the destination in the link, as a browser writes it",
	}[max(best, 0)]
	return p
}

// nearness grows from 0, another host, to 4, the same address.
func nearness(said, got *webURL) int {
	path, query := splitQuery(said.target)
	gotPath, gotQuery := splitQuery(got.target)
	switch {
	case said.host != got.host || said.port != got.port:
		return 0
	case path != gotPath:
		return 1
	case query == gotQuery:
		return 4
	case len(gotQuery) > len(query) && gotQuery[:len(query)] == query:
		return 3
	}
	return 2
}
