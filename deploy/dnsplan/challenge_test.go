package dnsplan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/sitesjson"
)

func TestAddChallenges(t *testing.T) {
	var o Options
	require.NoError(t, o.AddChallenges([]string{"LINK.example.com=abc.fastly-validations.com.", "link.example.com=abc.fastly-validations.com"}))
	require.Equal(t, map[string][]Record{"link.example.com": {Proof("link.example.com", "abc.fastly-validations.com")}}, o.Proofs)
	for text, want := range map[string]string{
		"link.example.com":             "is not HOST=NAME",
		"link.example.com=":            "is not HOST=NAME",
		"=abc.fastly-validations.com":  "is not HOST=NAME",
		"link.example.com=a b":         "is not HOST=NAME",
		"link.example.com=x.other.com": "is given twice for \"link.example.com\"",
	} {
		require.ErrorContains(t, o.AddChallenges([]string{"link.example.com=abc.fastly-validations.com", text}), want, text)
	}
}

func TestCheckChallenges(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "mailgun"}}}`))
	require.NoError(t, err)
	require.NoError(t, CheckChallenges([]string{"Link.example.com=a.b"}, sites, "sites.json"))
	require.EqualError(t, CheckChallenges([]string{"link.example.com=a.b", "lnk.example.com=a.b"}, sites, "sites.json"),
		`--challenge names "lnk.example.com", which sites.json does not have`)
}
