package origins

import (
	"net/http"
	"slices"

	"github.com/clickedge/clickedge/core/esp"
)

// Mautic, listmonk and Postal are run by the sender. What they answer is from
// their public sources.

const (
	standInUUID    = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	sampleLink     = "11111111-2222-4333-8444-555555555555"
	sampleCampaign = "66666666-7777-4888-9999-aaaaaaaaaaaa"
	sampleReader   = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"
	sampleHash     = "6123456789abcdef012345"
)

// Mautic knows readers again by two cookies.
var mautic = &family{
	cookie: "mautic_device_id=standin0000000000000000; Path=/; Max-Age=31536000; Secure; SameSite=None",
	routes: []route{
		get(`/(?:r|redirect)/[0-9a-f]{20,40}`, opaque),
		get(`/email/[0-9a-f]{13,40}\.gif`, pixel),
		page(`/email/(?:unsubscribe|dnc)/[0-9a-f]{13,40}(?:/[^?]*)?`, unsubscribePage),
		get(`/email/view/[0-9a-f]{13,40}`, webView),
	},
	samples: func(s *sampler) []SampleLink {
		return append([]SampleLink{
			s.unreadable("click", esp.KindClick, "/r/0123456789abcdef01234567?ct=YTo1OntzOjY6InNvdXJjZSI7fQ%3D%3D"),
			sample("open", esp.KindOpen, "/email/"+sampleHash+".gif"),
			sample("web view", esp.KindOther, "/email/view/"+sampleHash),
		}, unsubscribes("/email/unsubscribe/"+sampleHash)...)
	},
}

// listmonk answers a click with 307, which keeps the method.
var listmonk = &family{
	status: http.StatusTemporaryRedirect,
	routes: []route{
		get(`/link/`+standInUUID+`/`+standInUUID+`/`+standInUUID, opaque),
		get(`/campaign/`+standInUUID+`/`+standInUUID+`/px\.png`, pixel),
		get(`/campaign/`+standInUUID+`/`+standInUUID, webView),
		page(`/subscription/`+standInUUID+`/`+standInUUID, unsubscribePage),
		page(`/subscription/optin/`+standInUUID, webView),
	},
	samples: func(s *sampler) []SampleLink {
		mail := sampleCampaign + "/" + sampleReader
		return append([]SampleLink{
			s.unreadable("click", esp.KindClick, "/link/"+sampleLink+"/"+mail),
			sample("open", esp.KindOpen, "/campaign/"+mail+"/px.png"),
			sample("web view", esp.KindOther, "/campaign/"+mail),
			sample("opt-in", esp.KindOther, "/subscription/optin/"+sampleReader),
		}, unsubscribes("/subscription/"+mail)...)
	},
}

// Postal takes a request for one for a link only with a field that its proxy
// sets, whatever Host says. Without it its own web pages answer.
var postal = &family{
	status: http.StatusTemporaryRedirect,
	refuse: func(w http.ResponseWriter, q *request) bool {
		if slices.Equal(q.Header.Values("X-Postal-Track-Host"), []string{"1"}) {
			return false
		}
		text(w, http.StatusNotFound, "The page you were looking for doesn't exist.")
		return true
	},
	routes: []route{
		get(`/img/[a-z0-9]{6}/[A-Za-z0-9]{16}`, pixel),
		get(`/[a-z0-9]{6}/[A-Za-z0-9]{16}`, opaque),
	},
	samples: func(s *sampler) []SampleLink {
		return []SampleLink{
			s.unreadable("click", esp.KindClick, "/ab12cd/aB3dE5fG7hI9jK1L"),
			sample("open", esp.KindOpen, "/img/ab12cd/Z9yX8wV7uT6sR5qP"),
		}
	},
}

func unsubscribePage(w http.ResponseWriter, q *request) {
	if q.Method == "POST" {
		text(w, http.StatusOK, "You have been unsubscribed.")
		return
	}
	htmlPage(w, "Unsubscribe", `<form method="post"><button>Unsubscribe</button></form>`)
}

func webView(w http.ResponseWriter, _ *request) { htmlPage(w, "Mail", "<p>What the mail says.</p>") }
