package core

import "strings"

// notes gathers what Read reports. All methods do nothing on nil, so that one
// reader serves the hot path and the operator.
type notes struct {
	fields  []Field
	region  string
	repairs string
	why     string
}

func (n *notes) field(name, value string, personal bool) {
	if n != nil {
		n.fields = append(n.fields, Field{Name: name, Value: value, Personal: personal})
	}
}

// bytes is field for a value that would have to be copied first.
func (n *notes) bytes(name string, value []byte, personal bool) {
	if n != nil {
		n.field(name, string(value), personal)
	}
}

func (n *notes) repair(what string) {
	switch {
	case n == nil || what == "" || strings.Contains(n.repairs, what):
	case n.repairs == "":
		n.repairs = what
	default:
		n.repairs += "; " + what
	}
}

// doubt gives up on a reading: return n.doubt("why").
func (n *notes) doubt(why string) (string, bool) {
	if n != nil {
		n.why = why
	}
	return "", false
}

// certain ends a reading: what it found must be a URL of the web.
func (n *notes) certain(url string) (string, bool) {
	if !isWeb(url) {
		return n.doubt("what it holds is not an http or https URL")
	}
	return url, true
}

// isWeb tells whether a URL is http or https, with something of a host, and
// free of controls, which no ESP writes and which browsers drop. A scheme in
// upper case is the mark of a link that was upper-cased on its way.
func isWeb(url string) bool {
	host, ok := strings.CutPrefix(url, "https://")
	if !ok {
		host, ok = strings.CutPrefix(url, "http://")
	}
	if !ok || host == "" || host[0] == '/' || host[0] == '?' || host[0] == '#' {
		return false
	}
	for i := 0; i < len(host); i++ {
		if host[i] < 0x20 || host[i] == 0x7f {
			return false
		}
	}
	return true
}
