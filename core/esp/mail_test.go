package esp

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/internal/linkstest"
)

// What the mail of each of the example links is called, in their order.
func TestMailOfEveryESP(t *testing.T) {
	const (
		ses      = "010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
		spark    = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		sendGrid = "AAAAAAAAAAAAAAAAAAAAAA"
	)
	want := map[string][]string{
		"customerio click": {"dgTESTAAAAAA", "dgTESTAAAAAA", "dgTESTAAAAAA"}, "customerio open": {"dgTESTAAAAAA"}, "customerio unsubscribe": {""}, "customerio health": {""},
		"ses click": {ses, ses, ses, "010701" + ses[6:], ses}, "ses open": {ses}, "ses health": {""},
		"sparkpost click": {spark, spark, spark, spark, spark, "", ""}, "sparkpost app": {spark}, "sparkpost open": {spark}, "sparkpost health": {""},
		"sendgrid click": {"", "", sendGrid}, "sendgrid app": {"", sendGrid}, "sendgrid open": {"", sendGrid}, "sendgrid unsubscribe": {"", "", ""},
		"mandrill click": {strings.Repeat("a", 32)}, "iterable click": {strings.Repeat("b", 32)}, "iterable app": {strings.Repeat("b", 32)},
		"mailgun open": {""}, "mailgun unsubscribe": {""}, "postmark click": {"", "", ""},
	}
	seen := map[string][]string{}
	for _, l := range linkstest.Load(t, "../testdata/links.json") {
		f := familyNamed(t, l.ESP)
		seen[l.ESP+" "+l.Kind] = append(seen[l.ESP+" "+l.Kind], f.Mail(l.Path))
	}
	for name, mails := range want {
		require.Equal(t, mails, seen[name], name)
	}
	for _, mail := range seen["mailgun click"][:2] {
		require.Equal(t, "20260101.1%40mg.example.test user%40example.test", mail)
	}
	require.NotEmpty(t, seen["mailjet click"][0])
}

// A click and the open of one message are called the same, and those of another
// message or recipient otherwise.
func TestMailOfClickAndOpen(t *testing.T) {
	const one, two, many = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
	ct := func(stat string) string {
		php := `a:3:{s:6:"source";a:2:{i:0;s:5:"email";i:1;i:4;}s:5:"email";i:4;s:4:"stat";s:22:"` + stat + `";}??>`
		return "?ct=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(php))) + "&"
	}
	track := func(id string) string {
		inner := `{"u":1,"url":"https://shop.example.com/","id":"` + id + `"}`
		return "/track/click/1/shop.example.com?p=" + base64.RawURLEncoding.EncodeToString([]byte(`{"s":"x","p":"`+strings.ReplaceAll(inner, `"`, `\"`)+`"}`))
	}
	json := func(prefix, id string) string {
		return prefix + base64.URLEncoding.EncodeToString([]byte(`{"href":"https://shop.example.com/","email_id":"`+id+`"}`))
	}
	for _, c := range []struct {
		family             Family
		click, open, other string
	}{
		{FamilyCustomerIO, json("/e/c/", "dgTEST=="), json("/e/o/", "dgTEST"), json("/e/o/", "dgTESU")},
		{FamilyListmonk, "/link/" + many + "/" + one + "/" + two, "/campaign/" + one + "/" + two + "/px.png", "/campaign/" + one + "/" + many + "/px.png"},
		{FamilyMautic, "/r/0123456789abcdef" + ct("62a1b2c3d4e5f600000000"), "/email/62a1b2c3d4e5f600000000.gif", "/email/62a1b2c3d4e5f600000001.gif"},
		{FamilyMandrill, track("aaaa"), "/track/open.php?u=1&id=aaaa", "/track/open.php?u=1&id=aaab"},
		{FamilyMailjet, "/lnk/AVsAAA/7/mac/aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tLw", "/oo/AVsAAA/0123abcd/e.gif", "/oo/AVsAAB/0123abcd/e.gif"},
		{FamilyIterable, "/u/click?_t=t&_m=m1&_e=x", "/u/o?_t=t&_m=m1&_e=y", "/u/o?_t=t&_m=m2&_e=y"},
		{FamilySendGrid, "/uni/ss/c/u001.X/4uj/AAAAAAAAAAAAAAAAAAAAAA/h1/h001.m", "/ss/o/u001.Y/4uj/AAAAAAAAAAAAAAAAAAAAAA/ho.gif", "/ss/o/u001.Y/4uj/AAAAAAAAAAAAAAAAAAAAAQ/ho.gif"},
	} {
		require.Equal(t, KindOpen, c.family.Kind(c.open), c.family)
		mail := c.family.Mail(c.click)
		require.NotEmpty(t, mail, c.family)
		require.Equal(t, mail, c.family.Mail(c.open), c.family)
		require.NotEqual(t, mail, c.family.Mail(c.other), c.family)
		require.NotEmpty(t, c.family.Mail(c.other), c.family)
	}
	require.Equal(t, one, FamilyPostmark.Mail("/3s/shop.example.com%2F/wmxJTyAN/Gc9Q/AQ/"+one+"/2/H5vxf8qJfE"))
}

// A link that names no mail, or not in a form that is known, has none: a wrong
// one would make strangers one reader's mail.
func TestNoMail(t *testing.T) {
	const none = "00000000-0000-0000-0000-000000000000"
	for link, f := range map[string]Family{
		"/to/k1.x": FamilyCustom, "/server/token": FamilyPostal, "/img/server/token": FamilyPostal,
		"/link/" + none + "/" + none + "/" + none: FamilyListmonk, "/link/a/b/c": FamilyListmonk, "/campaign/x/y/px.png": FamilyListmonk,
		"/e/c/x": FamilyCustomerIO, "/e/c/e30": FamilyCustomerIO, "/e/o/": FamilyCustomerIO,
		"/CL0/a/1/b/c": FamilySES, "/CI0/x/y": FamilySES, "/u/click?_m=a&_m=b": FamilyIterable, "/u/unsubscribe?_m=a": FamilyIterable,
		"/r/x?ct=": FamilyMautic, "/r/x?ct=YToxOnt9": FamilyMautic, "/email/.gif": FamilyMautic,
		"/track/click/1/a?p=e30": FamilyMandrill, "/track/open.php?id=1&id=2": FamilyMandrill,
		"/f/a/m/t": FamilySparkPost, "/f/a/m/t/": FamilySparkPost, "/lnk/": FamilyMailjet, "/c/": FamilyMailgun, "/c/eNo": FamilyMailgun,
		"/3s/a/b/c/AQ/d": FamilyPostmark, "/open/x": FamilyPostmark, "/ss/c/u001.X/4uj/short/h0": FamilySendGrid,
		"/u/click?_m=" + strings.Repeat("a", contract.MaxTarget): FamilyIterable,
	} {
		require.Empty(t, f.Mail(link), "%s %s", f, link)
	}
	require.Empty(t, Family(99).Mail("/u/click?_m=a"))
}

func FuzzMail(f *testing.F) {
	for _, l := range linkstest.Load(f, "../testdata/links.json") {
		f.Add(uint8(familyNamed(f, l.ESP)), l.Path)
	}
	f.Fuzz(func(t *testing.T, family uint8, link string) {
		fam := Family(family % (uint8(FamilyPostal) + 2))
		mail := fam.Mail(link)
		require.Equal(t, mail, fam.Mail(link))
		if k := fam.Kind(link); !k.Leads() && k != KindOpen {
			require.Empty(t, mail)
		}
		require.LessOrEqual(t, len(mail), maxInflated)
	})
}
