package idn

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for host, good := range map[string]bool{
		"shop.example.com": true, "xn--bcher-kva.example": true, "XN--BCHER-KVA.example": true, "www.xn--mnchen-3ya.de": true,
		"xn--4dbrk0ce.xn--4dbrk0ce": true, "a--b.example.com": true, "r3---sn.example.com": true, "xn--ls8h.example": true, // an emoji
		"xn--a.example": false, "xn--.example": false, "xn--abc-.example": false, "xn--zzzzzzzz99999.example": false,
		"shop.xn--a-ecp.example": false, // a combining mark first
		"xn--Bcher-kva.example":  true,  // letter case means nothing
	} {
		err := Check(host)
		require.Equal(t, good, err == nil, "%s: %v", host, err)
	}
}

func TestASCII(t *testing.T) {
	for host, want := range map[string]string{
		"bücher.example": "xn--bcher-kva.example", "BÜCHER.example": "xn--bcher-kva.example", "日本。example": "xn--wgv71a.example",
		"Link.example.com": "Link.example.com", "xn--a.example": "xn--a.example", "": "",
	} {
		require.Equal(t, want, ASCII(host))
	}
}

func FuzzCheck(f *testing.F) {
	for _, host := range []string{"xn--bcher-kva.example", "xn--a.example", "xn--", "a.xn--4dbrk0ce"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if err := Check(host); err != nil {
			require.Error(t, Check(host+".example"), "what is not valid stays so with more behind it")
		}
	})
}
