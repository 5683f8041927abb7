package jsontext

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func hrefOf(text string) (string, bool) {
	got, ok := StringMember([]byte(text), "href")
	return string(got), ok
}

func TestStringMember(t *testing.T) {
	tests := []struct {
		text, want string
		ok         bool
	}{
		{`{"href":"x"}`, "x", true},
		{` { "a" : [ 1 , -0.5e+3 , { } , [ ] , true , false , null , "\"" ] , "href" : "x" } ` + "\r\n", "x", true},
		{`{"href":""}`, "", true},
		{`{"href":"\u0026\/\\\"\b\f\n\r\t\ud83d\ude00\uFFFD"}`, "&/\\\"\b\f\n\r\t\U0001F600\uFFFD", true},
		{`{"hre\u0066":"x"}`, "x", true},
		{`{"hrefs":"y","href":"x","hre":"z","` + strings.Repeat("href", 50) + `":"w"}`, "x", true},
		{`{"hr\ud800f":"y","href":"x"}`, "x", true},
		{`{}`, "", false},
		{``, "", false},
		{`null`, "", false},
		{`["href"]`, "", false},
		{`{"href":1}`, "", false},
		{`{"href":null}`, "", false},
		{`{"href":"x","href":"x"}`, "", false},
		{`{"href":"x","Href":"x"}`, "", false},
		{`{"HREF":"x"}`, "", false},
		{`{"href":"x"`, "", false},
		{`{"href":"x",}`, "", false},
		{`{"href":"x"}}`, "", false},
		{`{"href":"x"} x`, "", false},
		{`{href:"x"}`, "", false},
		{`{"href" "x"}`, "", false},
		{`{"href":"x" "a":1}`, "", false},
		{`{"href":"\x"}`, "", false},
		{`{"href":"\u12g4"}`, "", false},
		{`{"href":"\ud83d"}`, "", false},
		{`{"href":"\ud83d\u0041"}`, "", false},
		{`{"href":"\ude00\ud83d"}`, "", false},
		{"{\"href\":\"\xff\"}", "", false},
		{"{\"a\":\"\xff\",\"href\":\"x\"}", "", false},
		{"{\"href\":\"a\nb\"}", "", false},
		{`{"href":"x`, "", false},
		{`{"href":"x\`, "", false},
		{`{"href":"x","a":01}`, "", false},
		{`{"href":"x","a":-}`, "", false},
		{`{"href":"x","a":1.}`, "", false},
		{`{"href":"x","a":1e}`, "", false},
		{`{"href":"x","a":tru}`, "", false},
		{`{"href":"x","a":[1,]}`, "", false},
		{`{"href":"x","a":{"b"}}`, "", false},
		{`{"href":"x","a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, "x", true},
		{`{"href":"x","a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, "", false},
		{`{"href":"x","a":` + strings.Repeat("[", 5000), "", false},
	}
	for _, tt := range tests {
		got, ok := hrefOf(tt.text)
		require.Equal(t, tt.ok, ok, tt.text)
		if ok {
			require.Equal(t, tt.want, got)
		}
	}
}

// FuzzStringMember: what the scanner takes, encoding/json takes too and reads
// the same string in it.
func FuzzStringMember(f *testing.F) {
	f.Add(`{"email_id":"dgTEST","href":"https://shop.example.com/a?b=1\u0026c=2","link_id":10}`)
	f.Add(`{"a":[1,-0.5e3,{"href":"y"},true,null,"\ud83d\ude00"],"h\u0072ef":"\/x"}`)
	f.Add(`{"href":"x","HREF":"y"} `)
	f.Add("{\"href\":\"\xff\"}")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := hrefOf(text)
		if !ok {
			return
		}
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &members), "%q", text)
		var want string
		require.NoError(t, json.Unmarshal(members["href"], &want), "%q", text)
		require.Equal(t, want, got)
		var folded struct {
			Href string `json:"href"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &folded))
		require.Equal(t, folded.Href, got)
	})
}

// A text that holds what is asked for costs no allocation, and neither does one
// that is damaged anywhere.
func TestStringMemberAllocates(t *testing.T) {
	const text = `{"email_id":"dgTEST","href":"https://shop.example.com/a?b=1\u0026c=2","list":[1,{"a":null}]}`
	buf := make([]byte, len(text))
	for end := range len(text) + 1 {
		require.Zero(t, testing.AllocsPerRun(10, func() { StringMember(buf[:copy(buf, text[:end])], "href") }), text[:end])
	}
}
