package doctor

import (
	"cmp"
	"encoding/base64"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// testHost is where made-up links lead: a name that never exists (RFC 6761,
// section 6.4).
const testHost = "clickedge-doctor.invalid"

// The destination of made-up links. Its "%2F" shows whether something on the
// way decodes.
const (
	testURL  = "https://" + testHost + "/made%2Fup?a=b"
	testPath = "/clickedge-doctor/made-up"
)

// oddTail holds bytes that real links hold, as a parameter behind one. All may
// stand in a request line; mail software and ESPs put them there.
const oddTail = `clickedge-doctor=%2F%2f==~|{}^"//`

// testLinks are links that name nobody.
type testLinks struct {
	click, open string
	// post may be sent a POST: it is no link at all.
	post string
}

func (m *testLinks) withOddBytes() string { return with(m.click, oddTail) }

// cutAtPercent is a link that a gateway has cut behind a percent sign.
func (m *testLinks) cutAtPercent() string {
	if strings.Contains(m.click, "?") {
		return with(m.click, "clickedge-doctor=%")
	}
	return m.click + "%"
}

// with adds a parameter behind a target.
func with(target, parameter string) string {
	if strings.Contains(target, "?") {
		return target + "&" + parameter
	}
	return target + "?" + parameter
}

// testID is the clickedge-doctor where an id would be; it is 16 bytes, as
// SparkPost's are.
const testID = "clickedge-doctor"

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// escaped is a URL as one path segment, with ":" and "=" as they are.
func escaped(url string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", "?", "%3F", "&", "%26").Replace(url)
}

// plainURL is a destination in which there is nothing to decode.
const plainURL = "https://" + testHost + "/made-up"

// testLinksOf makes links of the form of an ESP's. Their ids and signatures are
// nobody's, so that no ESP can count them for anyone.
func testLinksOf(origin *core.Origin) testLinks { return testLinksTo(origin, testURL) }

// testLinksTo makes links to a destination of [testHost], for the ESPs whose
// links can be read.
func testLinksTo(origin *core.Origin, to string) testLinks {
	m := testLinks{post: testPath}
	switch origin.Family {
	case esp.FamilyCustomerIO:
		payload := b64(`{"email_id":"` + testID + `-made-up","href":"` + to + `","internal":"0000000000000000","link_id":0}`)
		m.click = "/e/c/" + payload + "/" + strings.Repeat("0", 64)
		m.open = "/e/o/" + b64(`{"email_id":"`+testID+`-made-up"}`)
	case esp.FamilySendGrid:
		m.click = "/ls/click?upn=u001." + testID + "-made-up-2F-3D"
		m.open = "/wf/open?upn=u001." + testID + "-made-up-2F-3D"
	case esp.FamilySparkPost:
		ids := base64.URLEncoding.EncodeToString([]byte(testID))
		ids = strings.ReplaceAll(ids, "=", "~") + "/AAAAAQA~/"
		m.click = "/f/a/" + ids + "Pw~~?target=" + strings.ReplaceAll(escaped(to), ":", "%3A")
		m.open = "/q/" + ids + "Pw~~"
	case esp.FamilySES:
		digits := cmp.Or(esp.SESDigits(esp.SESRegion(origin.Address)), "0000")
		id := digits + "000000000000-00000000-0000-4000-8000-000000000000-000000"
		m.click = "/CL0/" + escaped(to) + "/1/" + id + "/" + strings.Repeat("A", 43) + "=0"
		m.open = "/CI0/" + id + "/" + strings.Repeat("A", 43) + "=0"
	case esp.FamilyMailgun:
		m.click, m.open = "/c/"+b64(testID+"-made-up"), "/o/"+b64(testID+"-made-up")
	case esp.FamilyMandrill:
		inner := `{\"u\":0,\"v\":1,\"url\":\"` + to + `\",\"id\":\"` + testID + `\"}`
		m.click = "/track/click/0/" + testHost + "?p=" + b64(`{"s":"`+testID+`","v":1,"p":"`+inner+`"}`)
		m.open = "/track/open.php?u=0&id=" + testID
	case esp.FamilyMailjet:
		m.click = "/lnk/" + testID + "-made-up/1/" + strings.Repeat("A", 22) + "/" + b64(to)
		m.open = "/oo/" + testID + "-made-up/00000000/e.gif"
	case esp.FamilyPostmark:
		m.click = "/3s/" + escaped(strings.TrimPrefix(to, "https://")) + "/" + testID + "/AA/AAAAAAAA"
		m.open = "/open/" + testID + "-made-up"
	case esp.FamilyIterable:
		ids := "?_t=" + testID + "-made-up&_m=" + testID + "-made-up&_e=" + testID
		m.click, m.open = "/u/click"+ids, "/u/o"+ids
	default:
		m.click, m.open = testPath+"?a=%2F", testPath+"?a=%2F"
		m.byForm(origin.Family)
	}
	return m
}

// byForm makes links of a family of which the form alone is known.
func (m *testLinks) byForm(f esp.Family) {
	for _, begin := range f.Paths() {
		for _, end := range []string{"/made-up", "-made-up", "/made-up.gif", "/made-up.png"} {
			switch target := begin + testID + end; f.Kind(target) {
			case esp.KindClick:
				m.click = target
			case esp.KindOpen:
				m.open = target
			}
		}
	}
}
