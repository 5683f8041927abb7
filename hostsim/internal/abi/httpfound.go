package abi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// foundResponse is the stored response and its body. With transform it is what
// the request asked for: 304 when its validators still hold, 206 or 416 for a
// range, no body for HEAD.
func foundResponse(e *cacheEntry, r *request, transform bool, now time.Time) (*response, *Body) {
	o := e.object
	resp := &response{message: message{version: o.response.version, header: o.response.header.Clone()}, status: o.response.status}
	length := o.known()
	if length >= 0 {
		resp.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	resp.header.Set("Age", strconv.FormatInt(int64(o.age(now)/time.Second), 10))
	if !transform {
		return resp, o.body.read(0, -1)
	}
	from, to := int64(0), int64(-1)
	if resp.status == http.StatusOK {
		switch {
		case notModified(r.header, resp.header):
			return asNotModified(resp), &Body{}
		case length >= 0 && rangeApplies(r, resp.header):
			text, _ := r.header.Get("Range")
			from, to = resp.asRange(text, length)
		}
	}
	if r.method == http.MethodHead || from == to {
		return resp, &Body{}
	}
	return resp, o.body.read(from, to)
}

// notModified evaluates a request's validators (RFC 9110, section 13.2.2).
func notModified(req, stored wire.Header) bool {
	if req.Has("If-None-Match") {
		tag, ok := stored.Get("ETag")
		return matchesTag(strings.Join(req.Values("If-None-Match"), ","), tag, ok)
	}
	since, asked := req.Get("If-Modified-Since")
	modified, has := stored.Get("Last-Modified")
	if !asked || !has {
		return false
	}
	a, err1 := http.ParseTime(modified)
	b, err2 := http.ParseTime(since)
	return err1 == nil && err2 == nil && !a.After(b)
}

// matchesTag compares weakly. "*" is any response that there is.
func matchesTag(list, tag string, has bool) bool {
	if strings.Trim(list, " \t") == "*" {
		return true
	}
	for has && list != "" {
		list = strings.TrimLeft(list, " \t,")
		weak := strings.TrimPrefix(list, "W/")
		if !strings.HasPrefix(weak, `"`) {
			return false
		}
		end := strings.IndexByte(weak[1:], '"')
		if end < 0 {
			return false
		}
		if weak[:end+2] == strings.TrimPrefix(tag, "W/") {
			return true
		}
		list = weak[end+2:]
	}
	return false
}

// asNotModified drops what describes a body.
func asNotModified(resp *response) *response {
	resp.status = http.StatusNotModified
	for _, name := range []string{"Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Range"} {
		resp.header.Del(name)
	}
	return resp
}

// rangeApplies: If-Range holds, by a strong comparison or the very same date.
func rangeApplies(r *request, stored wire.Header) bool {
	if r.method != http.MethodGet || !r.header.Has("Range") {
		return false
	}
	want, asked := r.header.Get("If-Range")
	if !asked {
		return true
	}
	if strings.HasPrefix(want, `"`) {
		tag, _ := stored.Get("ETag")
		return tag == want
	}
	modified, has := stored.Get("Last-Modified")
	return has && modified == want
}

// asRange makes a 206 of one range of bytes, or a 416. Several ranges, or what
// is no range of bytes, give the whole response. The result is empty, from ==
// to, for a 416.
func (r *response) asRange(text string, length int64) (from, to int64) {
	from, to, ok := parseRange(text)
	switch {
	case !ok:
		return 0, -1
	case from < 0:
		from, to = max(length-to, 0), length-1
	case to < 0 || to >= length:
		to = length - 1
	}
	if from >= length || from > to {
		r.status = http.StatusRequestedRangeNotSatisfiable
		r.header.Set("Content-Range", fmt.Sprintf("bytes */%d", length))
		r.header.Set("Content-Length", "0")
		return 0, 0
	}
	r.status = http.StatusPartialContent
	r.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, length))
	r.header.Set("Content-Length", strconv.FormatInt(to-from+1, 10))
	return from, to + 1
}

// parseRange reads one range of bytes. Without a first byte, from is -1 and to
// the number of last bytes; without a last one, to is -1.
func parseRange(text string) (from, to int64, ok bool) {
	unit, set, found := strings.Cut(text, "=")
	first, last, dash := strings.Cut(strings.Trim(set, " \t"), "-")
	if !found || !dash || !strings.EqualFold(strings.Trim(unit, " \t"), "bytes") || first+last == "" {
		return 0, 0, false
	}
	from, ok1 := parsePosition(first)
	to, ok2 := parsePosition(last)
	if !ok1 || !ok2 || from >= 0 && to >= 0 && to < from {
		return 0, 0, false
	}
	return from, to, true
}

func parsePosition(text string) (int64, bool) {
	if text == "" {
		return -1, true
	}
	n, err := strconv.ParseUint(text, 10, 62)
	return int64(n), err == nil && strings.Trim(text, "0123456789") == ""
}
