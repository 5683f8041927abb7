package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// standIn answers what the tests ask of origins on the internet.
func standIn() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/async_select_1", fields("FooName", "FooValue"))
	mux.HandleFunc("/async_select_2", fields("BarName", "BarValue"))
	mux.HandleFunc("/byte_repeater", text("123456789012\n"))
	mux.HandleFunc("/streaming_close", text("will smith\n"))
	mux.HandleFunc("/request_upstream", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("UpstreamHeader") != "UpstreamValue" {
			http.Error(w, "UpstreamHeader is missing", http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Cat", "meow, nyan, mrrow, miau")
		w.Header().Set("OriginHeader", "OriginValue")
		io.WriteString(w, "Hello from Origin")
	})
	mux.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Query().Get("body")) })
	mux.HandleFunc("/anything/", anything)
	mux.HandleFunc("/", text("ok\n"))
	return mux
}

func fields(name, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(name, value) }
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// anything tells the request's URL and fields, framing included. It answers with
// the status it is asked for, and may be cached for an hour.
func anything(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if len(r.TransferEncoding) > 0 {
		headers["transfer-encoding"] = strings.Join(r.TransferEncoding, ", ")
	} else {
		headers["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	headers["host"] = r.Host
	w.Header().Set("Cache-Control", "max-age=3600")
	if status, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil && status >= 200 && status <= 999 {
		w.WriteHeader(status)
	}
	indented := json.NewEncoder(w)
	indented.SetIndent("", "  ")
	indented.Encode(map[string]any{"headers": headers, "method": r.Method, "url": r.URL.RequestURI()})
}
