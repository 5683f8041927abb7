package origins

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// The cookies of a preference page. Over https the token is also in a cookie,
// with a "__Host-" name.
const (
	prefsSession = "standin_prefs"
	prefsSaved   = "standin_saved"
	prefsToken   = "__Host-standin_token"
)

// prefsKey makes tokens. It is not secret: it protects only a stand-in.
const prefsKey = "clickedge stand-in for a preference page"

func prefsTokenOf(session string) string {
	return hex.EncodeToString(macOf(prefsKey, session))[:32]
}

// preferences is a page with a form, a token and cookies. The form is accepted
// only with the page's session and the token that belongs to it, and answered
// with a redirect back to the page, which then shows once what was saved. A
// one-click unsubscribe needs none of that.
func preferences(w http.ResponseWriter, q *request) {
	switch {
	case q.Method != "POST":
		prefsPage(w, q)
	case isOneClick(q):
		text(w, http.StatusOK, "You have been unsubscribed.")
	default:
		prefsSave(w, q)
	}
}

func prefsPage(w http.ResponseWriter, q *request) {
	session := rand.Text()
	token := prefsTokenOf(session)
	// Set for the brand's whole domain, as some ESPs do.
	_, parent, _ := strings.Cut(q.host, ".")
	w.Header().Add("Set-Cookie", prefsSession+"="+session+"; Domain="+parent+"; Path=/asm; HttpOnly")
	if q.isHTTPS() {
		w.Header().Add("Set-Cookie", prefsToken+"="+token+"; Path=/; Secure; SameSite=Strict")
	}
	said := ""
	if saved := q.cookies(prefsSaved); len(saved) == 1 {
		said = "<p>Saved: " + html.EscapeString(saved[0]) + "</p>"
		w.Header().Add("Set-Cookie", prefsSaved+"=; Path=/asm; Max-Age=0")
	}
	htmlPage(w, "Preferences", said+fmt.Sprintf(`<form method="post"><input type="hidden" name="token" value="%s">`+
		`<label><input type="checkbox" name="list" value="weekly" checked> Weekly letter</label> <button>Save</button></form>`, token))
}

func prefsSave(w http.ResponseWriter, q *request) {
	form, err := url.ParseQuery(string(q.Body))
	sessions := q.cookies(prefsSession)
	ok := err == nil && len(sessions) == 1 && form.Get("token") == prefsTokenOf(sessions[0])
	if guarded := q.cookies(prefsToken); q.isHTTPS() {
		ok = ok && len(guarded) == 1 && guarded[0] == form.Get("token")
	}
	if !ok {
		text(w, http.StatusForbidden, "The session has expired.")
		return
	}
	w.Header().Add("Set-Cookie", prefsSaved+"="+url.QueryEscape(form.Get("list"))+"; Path=/asm")
	w.Header().Set("Location", q.Target)
	write(w, http.StatusSeeOther, "text/html; charset=utf-8", "")
}

// isHTTPS reports whether the reader came over https.
func (q *request) isHTTPS() bool {
	proto, _ := q.Header.Get("X-Forwarded-Proto")
	return proto == "https"
}

// cookies returns the values of a cookie. A real page takes the first; this one
// checks that there is no other.
func (q *request) cookies(name string) (values []string) {
	for _, field := range q.Header.Values("Cookie") {
		for cookie := range strings.SplitSeq(field, ";") {
			if n, value, ok := strings.Cut(strings.TrimSpace(cookie), "="); ok && n == name {
				values = append(values, value)
			}
		}
	}
	return values
}
