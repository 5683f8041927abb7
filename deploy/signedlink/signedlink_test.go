package signedlink

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/keyring"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func site(t *testing.T) *core.Site {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "none", "keys": ["k2", "k1"], "destinations": ["*.example.com"]}}}`))
	require.NoError(t, err)
	return sites.Lookup("link.example.com")
}

func minter(t *testing.T) *Minter {
	key := keyring.NewKey("k2")
	return &Minter{Site: site(t), Link: signed.Link{Host: "link.example.com", KeyID: "k2"}, Key: key, Now: now}
}

func pathOf(l Minted) string { return strings.TrimPrefix(l.URL, "https://"+l.Host) }

func TestMintedLinksVerify(t *testing.T) {
	m := minter(t)
	m.Link.Expiry = now.Add(time.Hour).Unix() / 60
	l, err := m.Mint("https://www.example.com/a?b=c")
	require.NoError(t, err)
	require.Equal(t, "2026-03-01T13:00:00Z", l.Expires)
	link, r := Verify(m.Site, pathOf(l), keyring.NewRing(m.Key), now)
	require.NoError(t, r.Failure())
	require.Equal(t, m.Key.Fingerprint(), r.Fingerprint)
	require.Equal(t, l, *r.Link)
	var b bytes.Buffer
	r.Text(&b, link)
	require.Contains(t, b.String(), "expires      2026-03-01 13:00 UTC\ndestination  https://www.example.com/a?b=c\n")

	_, r = Verify(m.Site, pathOf(l), keyring.NewRing(m.Key), now.Add(2*time.Hour))
	require.Equal(t, outcome.Expired, r.Code)
	require.EqualError(t, r.Failure(), "the link does not verify")
}

// A link with one key's id and another key's secret is recognised.
func TestVerifyFindsTheKeyThatSigned(t *testing.T) {
	m, other := minter(t), keyring.NewKey("k1")
	l, err := m.Mint("https://www.example.com/")
	require.NoError(t, err)
	secret, err := signed.Mint(signed.Link{Host: l.Host, KeyID: "k2", Destination: l.Destination}, []byte(other.Secret()))
	require.NoError(t, err)
	_, r := Verify(m.Site, strings.TrimPrefix(secret, "https://"+l.Host), keyring.NewRing(m.Key, other), now)
	require.Equal(t, outcome.BadTag, r.Code)
	require.Equal(t, "k1", r.SignedWith)
	var b bytes.Buffer
	r.Text(&b, signed.Link{})
	require.Contains(t, b.String(), "it was signed with the secret of k1 under the name of k2\n")
}

// All of them, or none.
func TestMintLines(t *testing.T) {
	links, err := minter(t).MintLines(strings.NewReader("https://a.example.com/\r\n\nHTTPS://b.example.com/x y\n"))
	require.NoError(t, err)
	require.Len(t, links, 2)
	require.Equal(t, "https://b.example.com/x%20y", links[1].Destination)
	_, err = minter(t).MintLines(strings.NewReader("https://a.example.com/\nhttps://elsewhere.example/\n"))
	require.EqualError(t, err, "1 of 2 destinations refused; nothing was signed")
	_, err = minter(t).MintLines(strings.NewReader("\n"))
	require.EqualError(t, err, "no destinations on standard input")
}

func TestMintRefuses(t *testing.T) {
	for to, want := range map[string]string{
		"https://elsewhere.example/": string(outcome.UnlistedDestination), "https://link.example.com/": string(outcome.SelfDestination),
		"https://u@www.example.com/": string(outcome.BadDestination), "http://www.example.com/": string(outcome.BadDestination), "https://xn--a.example.com/": "browsers do not open it",
	} {
		_, err := minter(t).Mint(to)
		require.ErrorContains(t, err, want, to)
	}
}

func TestIDText(t *testing.T) {
	id, err := signed.EncodeID([]byte("4711"))
	require.NoError(t, err)
	require.Equal(t, id+` ("4711")`, IDText(id))
	id, err = signed.EncodeID([]byte{0, 1, 0xff})
	require.NoError(t, err)
	require.Equal(t, id, IDText(id), "it is no text")
}
