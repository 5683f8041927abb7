package origins

import (
	"bytes"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
)

// oneClickField and oneClickValue are the body of a one-click unsubscribe (RFC
// 8058, section 3.1).
const (
	oneClickField = "List-Unsubscribe"
	oneClickValue = "One-Click"
)

const unsubscribeForm = `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>`

// unsubscribe answers GET with a page and accepts one-click by POST. The answer
// to POST is never a redirect (RFC 8058, section 3.1).
func unsubscribe(w http.ResponseWriter, q *request) {
	switch {
	case q.Method != "POST":
		htmlPage(w, "Unsubscribe", unsubscribeForm)
	case isOneClick(q):
		text(w, http.StatusOK, "You have been unsubscribed.")
	default:
		text(w, http.StatusBadRequest, "The body is not that of a one-click unsubscribe.")
	}
}

// isOneClick reads both forms of body that RFC 8058 allows.
func isOneClick(q *request) bool {
	field, _ := q.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(field)
	switch {
	case err != nil:
		return false
	case kind == "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(q.Body))
		return err == nil && values.Get(oneClickField) == oneClickValue
	case kind == "multipart/form-data":
		// A body that was cut is an error even if the field is there.
		form, err := multipart.NewReader(bytes.NewReader(q.Body), params["boundary"]).ReadForm(maxBody)
		return err == nil && url.Values(form.Value).Get(oneClickField) == oneClickValue
	}
	return false
}
