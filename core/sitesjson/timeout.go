package sitesjson

import (
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/jsontext"
)

func (c *siteReader) setTimeout(t jsontext.Text) {
	d, ok := parseTimeout(string(t.Bytes))
	switch {
	case !ok:
		c.mistake(fieldTimeout, t.At, quote(t.Bytes)+" is not a time", `write it with its unit, as in "3s" or "1500ms"`)
	case d < core.MinTimeout || d > core.MaxTimeout:
		c.mistake(fieldTimeout, t.At, quote(t.Bytes)+" is out of range", `"100ms" to "60s"`)
	}
	c.site.ESPTimeout = d
}

// parseTimeout reads a whole number with its unit, "s" or "ms".
func parseTimeout(s string) (time.Duration, bool) {
	unit := time.Millisecond
	n, ok := strings.CutSuffix(s, "ms")
	if !ok {
		unit = time.Second
		n, ok = strings.CutSuffix(s, "s")
	}
	v, err := strconv.ParseUint(n, 10, 32)
	return time.Duration(v) * unit, ok && err == nil
}
