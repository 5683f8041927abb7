package module

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/edge/prewarm"
)

// The clicks with which a module is rehearsed have sites and a secret of their
// own, so that neither the operator's sites nor a secret has a part in it, and
// all modules of a release touch the same pages first.
const (
	rehearsedSite   = "link.example.com"
	rehearsedESP    = "click.example.com"
	rehearsedKey    = "k1"
	rehearsedSecret = "no secret, since anyone can read it here"
	rehearsedTo     = "https://www.example.com/spring?utm_source=mail&utm_campaign=42"
)

const rehearsedSites = `{"sites": {
  "` + rehearsedSite + `": {"esp": "customerio-eu", "destinations": ["example.com", "*.example.com"], "keys": ["` + rehearsedKey + `"], "home": "https://www.example.com/"},
  "` + rehearsedESP + `": {"esp": "customerio-eu", "destinations": ["*.example.com"], "when_esp_fails": "redirect"}
}}`

// rehearsals are a click on a signed link, and one that is proxied to an ESP.
// They are most of what a module answers.
func rehearsals() ([]prewarm.Rehearsal, error) {
	sites, err := sitesjson.Parse("sites of the rehearsal", []byte(rehearsedSites))
	if err != nil {
		return nil, err
	}
	room := sitetable.Make(sites)
	url, err := signed.Mint(signed.Link{Host: rehearsedSite, KeyID: rehearsedKey, ID: "cmVhZGVyNDI", Destination: rehearsedTo}, []byte(rehearsedSecret))
	if err != nil {
		return nil, err
	}
	payload := `{"email_id":"dgTESTAAAAAA","href":"` + rehearsedTo + `","internal":"e2ab0a00a235a335","link_id":10}`
	click := "https://" + rehearsedESP + "/e/c/" + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "/" + strings.Repeat("0123456789abcdef", 4)
	return []prewarm.Rehearsal{
		{Name: "click on a signed link", URI: url, Header: browser(rehearsedSite), Room: room, Status: http.StatusFound,
			Secrets: map[string]string{rehearsedKey: rehearsedSecret}},
		{Name: "click that is proxied", URI: click, Header: browser(rehearsedESP), Room: room, Status: http.StatusFound,
			Answer: prewarm.Answer{Status: http.StatusFound, Header: []prewarm.Field{
				{Name: "location", Value: rehearsedTo}, {Name: "cache-control", Value: "max-age=0, private, must-revalidate"},
				{Name: "content-type", Value: "text/html; charset=utf-8"},
			}}},
	}, nil
}

// browser is what Chrome sends when a reader follows a link in a mail.
func browser(host string) []prewarm.Field {
	return []prewarm.Field{
		{Name: "host", Value: host},
		{Name: "sec-ch-ua", Value: `"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`},
		{Name: "sec-ch-ua-mobile", Value: "?0"},
		{Name: "sec-ch-ua-platform", Value: `"Windows"`},
		{Name: "upgrade-insecure-requests", Value: "1"},
		{Name: "user-agent", Value: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{Name: "accept", Value: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
		{Name: "sec-fetch-site", Value: "cross-site"},
		{Name: "sec-fetch-mode", Value: "navigate"},
		{Name: "sec-fetch-user", Value: "?1"},
		{Name: "sec-fetch-dest", Value: "document"},
		{Name: "accept-encoding", Value: "gzip, deflate, br, zstd"},
		{Name: "accept-language", Value: "en-GB,en;q=0.9"},
	}
}
