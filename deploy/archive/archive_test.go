package archive

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
)

func name(t *testing.T, last string) learned.Name {
	n, ok := learned.ParseName("AAECAwQFBgcICQoLDA0ODxA" + last)
	require.True(t, ok)
	return n
}

const (
	shop = "https://shop.example.com/a?b=1&c=<2>"
	www  = "https://www.example.com/"
)

func someItems(t *testing.T) []learned.Item {
	return []learned.Item{
		{Name: name(t, "R"), Entry: learned.KnownSince(1772366400, shop)},
		{Name: name(t, "S"), Entry: learned.KnownSince(1772366401, www)},
		{Name: name(t, "T"), Entry: learned.Entry{State: learned.Contradictory, Since: 5}},
	}
}

func TestFile(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, someItems(t)))
	require.Equal(t, `{"name":"AAECAwQFBgcICQoLDA0ODxAR","state":"known","since":"2026-03-01T12:00:00Z","destination":"https://shop.example.com/a?b=1&c=<2>"}
{"name":"AAECAwQFBgcICQoLDA0ODxAS","state":"known","since":"2026-03-01T12:00:01Z","destination":"https://www.example.com/"}
{"name":"AAECAwQFBgcICQoLDA0ODxAT","state":"contradictory","since":"1970-01-01T00:00:05Z"}
`, b.String())
	items, err := Read(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, someItems(t), items)
	require.Equal(t, "2 learned links: 1 to shop.example.com, 1 to www.example.com; 1 with two destinations, which are not used", Summary(items))
	items, err = Read(nil)
	require.NoError(t, err)
	require.Empty(t, items)
}

func TestDamagedFile(t *testing.T) {
	good := `{"name":"AAECAwQFBgcICQoLDA0ODxAR","state":"known","since":"2026-03-01T12:00:00Z","destination":"https://a.b/"}`
	for text, want := range map[string]string{
		good + "\n" + good:             "line 2: the name is in line 1 already",
		"x":                            "line 1: invalid character",
		good + good:                    "line 1: more than one object",
		good + "]":                     "line 1: more than one object",
		good + "}":                     "line 1: more than one object",
		good[:len(good)-1]:             "line 1: the line is cut off",
		good[:30]:                      "line 1: the line is cut off",
		good + "\n" + good[:60] + "\n": "line 2: the line is cut off",
		"[]":                           "line 1: not a JSON object",
		"null":                         "line 1: not a JSON object",
		"\xef\xbb\xbf" + good:          "line 1: invalid character",
		good + "\n" + strings.Repeat(" ", 100_000) + "x":                                      "line 2: invalid character",
		strings.Replace(good, "https://a.b/", "https://a.b/"+strings.Repeat("a", 100_000), 1): "not a URL that every browser reads",
		strings.Replace(good, "}", `,"name":"AAECAwQFBgcICQoLDA0ODxAS"}`, 1):                  `the field "name" is there twice`,
		strings.Replace(good, "}", `,"destination":"https://c.d/"}`, 1):                       `the field "destination" is there twice`,
		strings.Replace(good, "}", `,"Destination":"https://c.d/"}`, 1):                       `unknown field "Destination"`,
		strings.Replace(good, "}", `,"more":{}}`, 1):                                          `unknown field "more"`,
		strings.Replace(good, `"known"`, `7`, 1):                                              `the field "state" is not a text`,
		strings.Replace(good, `"known"`, `null`, 1):                                           `the field "state" is not a text`,
		strings.Replace(good, "2026-03-01", "1969-03-01", 1):                                  "is before 1970",
		strings.Replace(good, "2026-03-01", "12026-03-01", 1):                                 "parsing time",
		strings.Replace(good, "https://a.b/", "https://a.b/\xff", 1):                          "not a URL that every browser reads",
		strings.Replace(good, "ODxAR", "ODxA", 1):                                             "is not the name of a link",
		strings.Replace(good, "known", "noted", 1):                                            `the state "noted" is neither`,
		strings.Replace(good, "known", "contradictory", 1):                                    "is neither",
		strings.Replace(good, "https://a.b/", "ftp://a.b/", 1):                                "not a URL that every browser reads",
		strings.Replace(good, "https://a.b/", "https://ann@a.b/", 1):                          "not a URL that every browser reads",
		strings.Replace(good, "since", "sinc", 1):                                             "unknown field",
		strings.Replace(good, "2026-03-01T12:00:00Z", "yesterday", 1):                         "parsing time",
	} {
		_, err := Read([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

// Lines may be long, empty or end like those of Windows, and the last one need
// not end.
func TestLines(t *testing.T) {
	long := learned.Item{Name: name(t, "Q"), Entry: learned.KnownSince(1, "https://a.b/"+strings.Repeat("a", learned.MaxDestination-len("https://a.b/")))}
	want := append([]learned.Item{long}, someItems(t)...)
	var b bytes.Buffer
	require.NoError(t, Write(&b, want))
	for _, text := range []string{b.String(), strings.TrimSpace(b.String()), strings.ReplaceAll(b.String(), "\n", "\r\n"), "\n\n" + strings.ReplaceAll(b.String(), "\n", "\n"+strings.Repeat(" ", 70_000)+"\n")} {
		items, err := Read([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, items)
	}
}

// What is read is what the store, the module and another file have of it, and
// nothing else is read.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"AAECAwQFBgcICQoLDA0ODxAR","state":"known","since":"2026-03-01T12:00:00+01:00","destination":"https://a.b/<\u0026>"}`))
	f.Add([]byte("{\"name\":\"AAECAwQFBgcICQoLDA0ODxAR\",\"state\":\"contradictory\",\"since\":\"9999-12-31T23:59:59Z\"}\r\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := Read(text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		require.NoError(t, Write(&b, items))
		again, err := Read(b.Bytes())
		require.NoError(t, err)
		require.ElementsMatch(t, items, again)
		data, err := learned.AppendArchive(nil, items)
		require.NoError(t, err)
		inModule := learned.OpenArchive(string(data))
		require.Equal(t, len(items), inModule.Len())
		for _, i := range items {
			require.Equal(t, i.Entry, learned.ReadEntry(&i.Name, string(i.Append(nil, &i.Name))))
			e := inModule.Find(&i.Name)
			require.Equal(t, []any{i.State, i.Destination, i.Since / 60}, []any{e.State, e.Destination, e.Since / 60})
		}
	})
}

func client(t *testing.T, api *fastlytest.API) *fastlyapi.Client {
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	c, err := fastlyapi.New("token", fastlyapi.Options{Endpoint: srv.URL, Pause: func(context.Context, time.Duration) error { return nil }})
	require.NoError(t, err)
	return c
}

func TestStore(t *testing.T) {
	api := fastlytest.New("token")
	store := api.AddKVStore("clickedge-links", map[string]string{"by-hand": "x", name2(t): "damaged"})
	c := client(t, api)
	changes, err := Compare(t.Context(), c, store, someItems(t))
	require.NoError(t, err)
	require.Len(t, changes, 3)
	require.NoError(t, Apply(t.Context(), c, store, changes))
	items, ignored, err := Export(t.Context(), c, store)
	require.NoError(t, err)
	require.Equal(t, someItems(t), items)
	require.Equal(t, []string{name2(t), "by-hand"}, ignored)

	changes, err = Compare(t.Context(), c, store, someItems(t))
	require.NoError(t, err)
	require.Empty(t, changes, "what is there stays")
	other := someItems(t)
	other[0].Destination, other[1].Since = www, 9
	other[2].Entry = learned.KnownSince(9, www)
	changes, err = Compare(t.Context(), c, store, other)
	require.NoError(t, err)
	require.Len(t, changes, 1, "a contradiction is for good, and a date is none")
	require.Equal(t, learned.Contradictory, changes[0].State)
	require.Contains(t, changes[0].String(), "two destinations")
}

func name2(t *testing.T) string { n := name(t, "A"); return n.String() }
