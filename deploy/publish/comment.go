package publish

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/output"
)

// sitesComment begins the comment of a version that was published.
const sitesComment = "sites.json "

// Comment is that of a version which is published with this sites.json, as far
// as it says with which.
func Comment(sites []byte) string { return fmt.Sprintf("%s%.12x", sitesComment, sha256.Sum256(sites)) }

// Inside is what a package knows of learned links. It is kept in the comment of
// the version, since Fastly's API hands no package out: without it nobody could
// say what the next one forgets. Which links they are it does not say.
type Inside struct {
	Links int
	Last  string // the day on which the last one was learned, in UTC; "" for none
}

// InsideOf counts links that a package has inside.
func InsideOf(items []learned.Item) (in Inside) {
	last := int64(0)
	for i := range items {
		last = max(last, items[i].Since)
	}
	if in.Links = len(items); in.Links > 0 {
		in.Last = time.Unix(last, 0).UTC().Format(time.DateOnly)
	}
	return in
}

// VersionComment is the whole comment of a version: its sites.json, and what the
// package with this hash knows.
func VersionComment(sites []byte, packageHash string, in Inside) string {
	text := fmt.Sprintf("%s, package %.12s, learned links %d", Comment(sites), packageHash, in.Links)
	if in.Last != "" {
		text += ", last " + in.Last
	}
	return text
}

var commentForm = regexp.MustCompile(`^sites\.json [0-9a-f]{12,64}, package ([0-9a-f]{12}), learned links ([0-9]{1,9})(?:, last ([0-9]{4}-[0-9]{2}-[0-9]{2}))?$`)

// readInside reads the comment of a version whose package has this hash. A
// comment of another package says nothing of it: somebody uploaded one by other
// means.
func readInside(comment, packageHash string) (in Inside, ok bool) {
	m := commentForm.FindStringSubmatch(comment)
	if m == nil || !strings.HasPrefix(packageHash, m[1]) {
		return in, false
	}
	in.Links, _ = strconv.Atoi(m[2])
	in.Last = m[3]
	return in, true
}

// String says how many links there are, and from when the last one is.
func (in Inside) String() string {
	text := output.Count(in.Links, "learned link")
	if in.Last != "" {
		text += ", the last of " + in.Last
	}
	return text
}

// knewMore reports whether a package that replaces this one may forget links:
// it has fewer, or was made of an older archive.
func (in Inside) knewMore(next Inside) bool {
	return in.Links > next.Links || cmp.Compare(in.Last, next.Last) > 0
}

// learned refuses a package that knows less than the one of the active version.
func (p *Plan) learned() {
	if p.f.Active == 0 || p.f.activePackage == p.w.Hash || !p.w.Sites.Learn() {
		return
	}
	const hint = "clickedge archive export -o links.ndjson writes what the store has, and clickedge build --archive links.ndjson puts it in; "
	before, known := readInside(p.f.activeComment, p.f.activePackage)
	switch {
	case !known:
		p.note("whether version %d knows learned links that this package lacks (it has %s) is not known: its comment does not say, and Fastly hands no package out; how many it has stands at https://%s/.well-known/clickedge",
			p.f.Active, p.w.Inside, p.w.Sites.Hosts()[0])
	case !before.knewMore(p.w.Inside):
	case p.w.ForgetLinks:
		p.note("version %d has %s inside; this package has %s, and what it lacks is forgotten, unless the store has it", p.f.Active, before, p.w.Inside)
	default:
		p.refused.add(fmt.Sprintf("version %d has %s inside, and this package has %s: readers of what it lacks depend on the store alone", p.f.Active, before, p.w.Inside),
			hint+"--forget-links publishes it all the same")
	}
}
