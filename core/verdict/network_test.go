package verdict

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPlace(t *testing.T) {
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	for name, c := range map[string]struct {
		place string
		ok    bool
		as    uint32
		words string
	}{
		"as the platform says it": {`{"as_name":"Fastly, Inc","as_number":54113,"latitude":37.77869,"proxy_description":"cloud","proxy_type":"hosting"}`,
			true, 54113, "hosting/cloud"},
		"no proxy":                   {`{"as_number":1,"proxy_description":"?","proxy_type":"?"}`, true, 1, "/"},
		"an empty word":              {`{"proxy_type":""}`, true, 0, "/"},
		"words with dashes":          {`{"proxy_type":"consumer-privacy","proxy_description":"tor-exit"}`, true, 0, "consumer-privacy/tor-exit"},
		"the highest number":         {`{"as_number":4294967295}`, true, 4294967295, "/"},
		"a number too high":          {`{"as_number":4294967296}`, true, 0, "/"},
		"a number far too high":      {`{"as_number":184467440737095516160}`, true, 0, "/"},
		"a number below zero":        {`{"as_number":-1}`, true, 0, "/"},
		"a number with a point":      {`{"as_number":1.0}`, true, 0, "/"},
		"a number in quotes":         {`{"as_number":"15169"}`, true, 0, "/"},
		"no number":                  {`{"as_number":null,"proxy_type":"hosting"}`, true, 0, "hosting/"},
		"a word that is a list":      {`{"proxy_type":["hosting"]}`, true, 0, "/"},
		"a word of somebody's own":   {`{"proxy_type":"<script>","proxy_description":"a\"b"}`, true, 0, "/"},
		"a word too long":            {`{"proxy_type":"` + strings.Repeat("a", maxWord+1) + `"}`, true, 0, "/"},
		"the longest word":           {`{"proxy_type":"` + strings.Repeat("a", maxWord) + `"}`, true, 0, strings.Repeat("a", maxWord) + "/"},
		"nothing in it":              {`{}`, true, 0, "/"},
		"nothing":                    {``, false, 0, "/"},
		"a number twice":             {`{"as_number":1,"as_number":2}`, false, 0, "/"},
		"a word twice":               {`{"proxy_type":"vpn","proxy_type":"?"}`, false, 0, "/"},
		"cut off":                    {`{"as_number":15169,"proxy_type":"hosting"`, false, 0, "/"},
		"something behind it":        {`{"as_number":15169}{}`, false, 0, "/"},
		"no object":                  {`[{"as_number":15169}]`, false, 0, "/"},
		"deeper than anybody writes": {`{"as_number":15169,"x":` + deep + `}`, false, 0, "/"},
		"not UTF-8":                  {"{\"as_number\":15169,\"city\":\"S\xe3o\"}", false, 0, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			n := Network{Day: 7, AS: 9, ProxyType: "old", ProxyDescription: "old", JA4: "t13d", H2: "1:2"}
			require.Equal(t, c.ok, n.ReadPlace([]byte(c.place)))
			require.Equal(t, c.as, n.AS)
			require.Equal(t, c.words, n.ProxyType+"/"+n.ProxyDescription)
			n.AS, n.ProxyType, n.ProxyDescription = 0, "", ""
			require.Equal(t, Network{Day: 7, JA4: "t13d", H2: "1:2"}, n, "the rest is left alone")
		})
	}
}

var aWord = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// What is read is what encoding/json reads, of any text.
func FuzzReadPlace(f *testing.F) {
	f.Fuzz(func(t *testing.T, place []byte) {
		var n Network
		before := bytes.Clone(place)
		ok := n.ReadPlace(place)
		require.Equal(t, before, place)
		require.Zero(t, testing.AllocsPerRun(1, func() { n.ReadPlace(place) }))
		if !ok {
			require.Equal(t, Network{}, n)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(place, &members); err != nil || members == nil {
			require.False(t, ok, "no object: %v", err)
			return
		}
		want := placeOf(members)
		if ok && !bytes.Contains(place, []byte(`\`)) { // a name may be written with escapes: it is not looked for
			require.Equal(t, want, n)
		}
		// Written by encoding/json, without what parsers differ on, it is read.
		for name := range members {
			if name != "as_number" && name != "proxy_type" && name != "proxy_description" {
				delete(members, name)
			}
		}
		plain, err := json.Marshal(members)
		require.NoError(t, err)
		if n.ReadPlace(plain); !strings.Contains(string(plain), "[[[[[[[") && !strings.Contains(string(plain), "{") {
			require.Equal(t, want, n)
		}
	})
}

// placeOf reads as ReadPlace does.
func placeOf(members map[string]json.RawMessage) (n Network) {
	if as, err := strconv.ParseUint(string(members["as_number"]), 10, 32); err == nil {
		n.AS = uint32(as)
	}
	for name, word := range map[string]*string{"proxy_type": &n.ProxyType, "proxy_description": &n.ProxyDescription} {
		if text := strings.TrimSuffix(strings.TrimPrefix(string(members[name]), `"`), `"`); strings.HasPrefix(string(members[name]), `"`) && aWord.MatchString(text) {
			*word = text
		}
	}
	return n
}

func TestNotLocated(t *testing.T) {
	for name, c := range map[string]struct {
		network Network
		reasons string
	}{
		"nothing known":             {Network{}, usualText + ",not_located"},
		"a fingerprint is no place": {Network{JA4: "t13d1516h2_8daaf6152771_02713d6af862"}, usualText + ",not_located"},
		"a number is known":         {Network{AS: 3320}, usualText},
		"a word is known":           {Network{ProxyType: "edu"}, usualText},
	} {
		s := opened(uaChrome)
		v := Judge(&s)
		v.Locate(&s, &c.network)
		require.Equal(t, WhoHuman, v.Who, name)
		require.Equal(t, c.reasons, string(v.AppendReasons(nil)), name)
		require.Empty(t, v.Network.String(), name)
	}
}
