package jsonedit

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is added stands as the other members do, and nothing else changes.
func TestAdd(t *testing.T) {
	for before, after := range map[string]string{
		`{}`:                           `{"new": 1}`,
		`{"a": 1}`:                     `{"a": 1, "new": 1}`,
		`{"a":1}`:                      `{"a":1,"new":1}`,
		`{"a":1,"b":[ ]}`:              `{"a":1,"b":[ ],"new":1}`,
		`{ "a" : {"x": 2} }`:           `{ "a" : {"x": 2}, "new": 1 }`,
		"{\n  \"a\": 1\n}\n":           "{\n  \"a\": 1,\n  \"new\": 1\n}\n",
		"{\r\n\t\"a\": 1\r\n}":         "{\r\n\t\"a\": 1,\r\n\t\"new\": 1\r\n}",
		"{\n  \"a\": 1, \"b\": 2}":     "{\n  \"a\": 1, \"b\": 2, \"new\": 1}",
		"{\"a\": \"}\",\n \"b\": 2\n}": "{\"a\": \"}\",\n \"b\": 2,\n \"new\": 1\n}",
		" {\"a\": 1}":                  " {\"a\": 1, \"new\": 1}",
	} {
		o, err := Root([]byte(before))
		require.NoError(t, err, before)
		var e Edits
		e.Add([]byte(before), &o, "new", "1")
		require.Equal(t, after, string(e.Apply([]byte(before))))
	}
}

func TestRemoveAndReplace(t *testing.T) {
	const text = "{\n  \"a\": 1,\n  \"b\": \"x,\",\n  \"c\": [1, 2],\n  \"d\": {}\n}"
	o, err := Root([]byte(text))
	require.NoError(t, err)
	for _, c := range []struct {
		gone []int
		want string
	}{
		{[]int{0}, "{\n  \"b\": \"x,\",\n  \"c\": [1, 2],\n  \"d\": {}\n}"},
		{[]int{0, 1}, "{\n  \"c\": [1, 2],\n  \"d\": {}\n}"},
		{[]int{3}, "{\n  \"a\": 1,\n  \"b\": \"x,\",\n  \"c\": [1, 2]\n}"},
		{[]int{1, 2, 3}, "{\n  \"a\": 1\n}"},
		{[]int{0, 2}, "{\n  \"b\": \"x,\",\n  \"d\": {}\n}"},
	} {
		var e Edits
		e.Remove(&o, c.gone...)
		require.Equal(t, c.want, string(e.Apply([]byte(text))), c.gone)
	}
	// Behind a member that goes, something new, in the order of the calls.
	var e Edits
	e.Remove(&o, 1, 3)
	e.AddAfter([]byte(text), &o, 0, "n", "5")
	e.AddAfter([]byte(text), &o, 0, "m", "6")
	e.Replace(o.Members[0].Value, "7")
	require.Equal(t, "{\n  \"a\": 7,\n  \"n\": 5,\n  \"m\": 6,\n  \"c\": [1, 2]\n}", string(e.Apply([]byte(text))))
}

func TestPlaces(t *testing.T) {
	const text = `{"l": [ {"esp": "a"} , "b:]" ], "k\u0065y" : "v"}`
	o, err := Root([]byte(text))
	require.NoError(t, err)
	m, ok := o.Find("key")
	require.True(t, ok)
	require.Equal(t, `"v"`, m.Of([]byte(text)))
	require.Equal(t, `"k\u0065y"`, text[m.Key:m.Key+10])
	require.Equal(t, -1, o.Index("none"))
	l, err := ListAt([]byte(text), o.Members[0].From)
	require.NoError(t, err)
	require.Len(t, l.Elements, 2)
	require.Equal(t, `{"esp": "a"}`, l.Elements[0].Of([]byte(text)))
	require.Equal(t, `"b:]"`, l.Elements[1].Of([]byte(text)))
	require.Equal(t, `[ {"esp": "a"} , "b:]" ]`, l.Of([]byte(text)))
	for _, bad := range []string{"", "[]", "1", `{"a"`, `{"a": 1`, `{"a": }`} {
		_, err := Root([]byte(bad))
		require.Error(t, err, bad)
	}
	_, err = ListAt([]byte("{}"), 0)
	require.ErrorIs(t, err, errList)
}

// FuzzEdits: whatever object is given, a member that is added is there
// afterwards, the others are what they were, and taking it out again gives the
// text of before.
func FuzzEdits(f *testing.F) {
	for _, s := range []string{`{}`, `{"a": 1}`, "{\n\t\"a\" :\"}\" , \"b\":[{}]\n}", "\n{\"\\u0061\":{\"x\":null}}"} {
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, text string, after int) {
		o, err := Root([]byte(text))
		if err != nil || !json.Valid([]byte(text)) || len(o.Members) == 0 || o.Index("new") >= 0 {
			return
		}
		var e Edits
		i := max(after, 0) % len(o.Members)
		e.AddAfter([]byte(text), &o, i, "new", "[7]")
		edited := e.Apply([]byte(text))
		now, err := Root(edited)
		require.NoError(t, err, "%q", edited)
		require.Len(t, now.Members, len(o.Members)+1)
		for k, m := range o.Members {
			j := k
			if k > i {
				j++
			}
			require.Equal(t, m.Of([]byte(text)), now.Members[j].Of(edited))
		}
		require.Equal(t, "[7]", now.Members[i+1].Of(edited))
		var undo Edits
		undo.Remove(&now, i+1)
		require.Equal(t, text, string(undo.Apply(edited)))
	})
}
