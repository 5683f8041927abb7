package origins

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/clickedge/clickedge/core/esp"
)

var iterable = &family{
	status: http.StatusSeeOther,
	routes: []route{
		get(`/[ua]/click`, iterableClick),
		get(`/u/o`, pixel),
		page(`/u/unsubscribe[^?]*`, iterableUnsubscribe),
		get(`/(?:\.well-known/)?apple-app-site-association`, iterableApple),
		get(`/\.well-known/assetlinks\.json`, iterableAndroid),
	},
	samples: iterableSamples,
}

// cookieValue matches a parameter that may be a cookie's value.
var cookieValue = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

// iterableClick sets the cookies by which Iterable attributes purchases.
func iterableClick(w http.ResponseWriter, q *request) {
	template, message := q.param("_t"), q.param("_m")
	if !cookieValue.MatchString(template) || !cookieValue.MatchString(message) {
		damaged(w)
		return
	}
	w.Header().Add("Set-Cookie", "iterableEmailCampaignId=1001; Path=/; Max-Age=86400")
	w.Header().Add("Set-Cookie", "iterableTemplateId="+template+"; Path=/; Max-Age=86400")
	w.Header().Add("Set-Cookie", "iterableMessageId="+message+"; Path=/; Max-Age=86400")
	opaque(w, q)
}

const iterableSession = "standin_session"

// iterableUnsubscribe accepts the page's form only with the page's cookie.
// One-click, which mailbox providers send without cookies, needs none.
func iterableUnsubscribe(w http.ResponseWriter, q *request) {
	switch {
	case q.Method != "POST":
		w.Header().Add("Set-Cookie", iterableSession+"=1; Path=/u; HttpOnly")
		htmlPage(w, "Unsubscribe", `<form method="post"><input type="hidden" name="confirm" value="1"><button>Unsubscribe</button></form>`)
	case !isOneClick(q) && !slices.Contains(q.cookies(iterableSession), "1"):
		text(w, http.StatusForbidden, "The session has expired.")
	default:
		text(w, http.StatusOK, "You have been unsubscribed.")
	}
}

func iterableApple(w http.ResponseWriter, _ *request) {
	write(w, http.StatusOK, "application/json", `{"applinks":{"apps":[],"details":[{"appID":"TEAMID1234.com.example.shop","paths":["/a/*"]}]}}`)
}

func iterableAndroid(w http.ResponseWriter, _ *request) {
	write(w, http.StatusOK, "application/json", `[{"relation":["delegate_permission/common.handle_all_urls"],"target":{"namespace":"android_app","package_name":"com.example.shop","sha256_cert_fingerprints":["14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"]}}]`)
}

const iterableQuery = "?_t=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&_m=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&_e=AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

func iterableSamples(s *sampler) []SampleLink {
	links := []SampleLink{
		s.unreadable("click", esp.KindClick, "/u/click"+iterableQuery),
		s.unreadable("app link", esp.KindApp, "/a/click"+iterableQuery),
		sample("open", esp.KindOpen, "/u/o"+iterableQuery),
		sample("app-link file", esp.KindOther, "/.well-known/apple-app-site-association"),
	}
	return append(links, unsubscribes("/u/unsubscribe"+iterableQuery)...)
}
