package origins

import (
	"crypto/tls"
	"html"
	"net/http"
)

// startLanding listens twice, for https and for http, as destinations may be
// either.
func (f *Fleet) startLanding() error {
	if len(f.opt.Landing) == 0 {
		return nil
	}
	cert, err := f.authority.Issue(f.opt.Landing...)
	if err != nil {
		return err
	}
	secure := serverConfig(func(string) *tls.Certificate { return &cert })
	for _, config := range []*tls.Config{secure, nil} {
		p, err := openPort(http.HandlerFunc(f.land), config)
		if err != nil {
			return err
		}
		f.landing = append(f.landing, p)
	}
	return nil
}

// land answers with the page at the end of a click. It says "You have arrived
// at" and the host and raw request target.
func (f *Fleet) land(w http.ResponseWriter, r *http.Request) {
	seen, err := newSeen(LandingBackend, r)
	f.record.add(seen)
	if err != nil {
		text(w, http.StatusBadRequest, err.Error())
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	htmlPage(w, "You have arrived", "<p>You have arrived at "+html.EscapeString(r.Host+r.RequestURI)+"</p>")
}

// LandingAddr returns where the landing pages listen for https and for http,
// "127.0.0.1:port" each, or two empty strings when Options.Landing is empty. A
// browser is led there with --host-resolver-rules="MAP shop.example.com:443
// <https>,MAP shop.example.com:80 <http>".
func (f *Fleet) LandingAddr() (secure, plain string) {
	if len(f.landing) < 2 {
		return "", ""
	}
	return f.landing[0].addr, f.landing[1].addr
}
