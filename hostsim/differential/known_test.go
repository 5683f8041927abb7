package differential

import (
	"strings"
)

// known tells which difference is which row of the table in hostsim/README.md.
var known = map[string]func(d difference) bool{
	"bad-arguments": func(d difference) bool {
		return d.Field == "call" && d.Theirs == "trap" && strings.Contains(d.a.Cause, "In func ") && refusal[d.Ours]
	},
	"panics": func(d difference) bool { return d.Field == "call" && d.Theirs == "panic" && refusal[d.Ours] },
	"wrong-kinds": func(d difference) bool {
		return d.Field == "call" && d.Theirs == "ok" && d.Ours == "badf" && strings.Contains(d.Case, "/h of ") && anyPrefix(d.Case, "http_body.close/", "http_body.abandon/", "http_req.pending_req_poll")
	},
	"error-detail": func(d difference) bool {
		if anyPrefix(d.Case, "http_req.pending_req_poll_v2/", "http_req.pending_req_wait_v2/", "http_req.pending_req_select_v2/", "http_req.send_v2/", "http_req.send_v3/") {
			return d.Field == "call" || d.Field == "memory"
		}
		if d.Field == "lines" && anyOf(d.Ours, "send error: ", "connection_terminated", "http_protocol_error", "http_incomplete_response") {
			return true
		}
		return strings.Contains(d.a.Answer.Body, " tag 0 ") && anyPrefix(d.b.Answer.Body, statusOf(d.a.Answer.Body)) && (d.Field == "body" || d.Field == "field content-length")
	},
	"original-names": func(d difference) bool {
		return d.Field == "memory" && strings.Contains(d.Case, "original_header_names") && strings.EqualFold(d.Theirs, d.Ours) ||
			strings.HasSuffix(d.Case, "//names") && (d.Field == "body" || d.Field == "field content-length")
	},
	"late-writes": func(d difference) bool {
		return d.Field == "call" && anyPrefix(d.Case, "http_body.") && strings.HasSuffix(d.Case, " of stream") && d.Theirs == "error"
	},
	"ready-at-once": func(d difference) bool {
		return d.Field == "memory" && anyPrefix(d.Case, "async_io.is_ready/handle of ")
	},
	"shield-urls": func(d difference) bool {
		return d.Field == "call" && anyPrefix(d.Case, "shielding.backend_for_shield/shield_name ") && d.Ours == "inval"
	},
	"unfinished-bodies": func(d difference) bool {
		return d.a.Failed != "" && (d.b.Answer.Broken || anyPrefix(d.Case, "http_resp.send_downstream/streaming 0x1"))
	},
	"lengths-of-nothing": func(d difference) bool {
		return d.Field == "received field content-length" && d.Theirs == "0" && d.Ours == ""
	},
	"odd-targets": func(d difference) bool {
		return strings.Contains(d.Case, "/target ") && !ours400(d) && (theirs400(d) || d.Field == "received start") || strings.HasSuffix(d.Case, "//log/a line") && theirs400(d)
	},
	"refusals": func(d difference) bool { return ours400(d) && (d.a.Failed != "" || theirs400(d)) },
	"smuggling": func(d difference) bool {
		return ours400(d) && anySuffix(d.Case, "/two hosts", "/both framings", "/coding twice") || strings.HasSuffix(d.Case, "/target /both")
	},
	"trailers": func(d difference) bool { return strings.HasSuffix(d.Field, "trailer") && d.Theirs == "" },
	"status-lines": func(d difference) bool {
		return d.Field == "start" && anyPrefix(d.Ours, "HTTP/1.1 "+statusCode(d.Theirs))
	},
	"http-1.0": func(d difference) bool {
		return strings.Contains(d.Case, "/HTTP/1.0") && (d.Field == "received start" || d.Field == "field connection")
	},
	"closing": func(d difference) bool { return d.Field == "field connection" && d.Theirs == "" && d.Ours == "close" },
	"bodies-of-get": func(d difference) bool {
		return strings.HasSuffix(d.Case, "/GET in chunks") && anyPrefix(d.Field, "received ")
	},
	// the calls that hostsim answers, and Viceroy does not
	"more-of-the-cache": func(d difference) bool {
		return anyPrefix(d.Case, "cache.get_hits/", "cache.get_stale_while_revalidate_ns/", "cache.replace") && d.Theirs == "unsupported"
	},
	"rate-counters": func(d difference) bool { return anyPrefix(d.Case, "erl.") },
	"early-hints":   func(d difference) bool { return d.Field == "interim" && d.Theirs == "" },
	"run-flags":     func(d difference) bool { return d.Case == "run command.wasm -v" },
	"failure-texts": func(d difference) bool {
		return d.a.Ending == d.b.Ending && d.a.Ending != "exit 0" && (d.Field == "body" || d.Field == "field content-length")
	},
}

var refusal = map[string]bool{"inval": true, "badalign": true, "unsupported": true, "badf": true, "none": true}

func anyPrefix(s string, list ...string) bool {
	for _, p := range list {
		if strings.HasPrefix(s, p) && p != "" {
			return true
		}
	}
	return false
}

func anyOf(s string, list ...string) bool {
	for _, part := range list {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

func anySuffix(s string, list ...string) bool {
	for _, p := range list {
		if strings.HasSuffix(s, p) {
			return true
		}
	}
	return false
}

func theirs400(d difference) bool { return anyPrefix(d.a.Answer.Start, "HTTP/1.1 400") }
func ours400(d difference) bool   { return anyPrefix(d.b.Answer.Start, "HTTP/1.1 400") }

// statusOf is what the raw guest says before the tag of an error detail.
func statusOf(body string) string {
	before, _, _ := strings.Cut(body, " tag ")
	return before
}

// statusCode is the three digits of a status line.
func statusCode(line string) string {
	if len(line) < 12 {
		return "none"
	}
	return line[9:12]
}
