package override

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/publish"
)

const host = "link.example.com"

func parse(t testing.TB, text string) *Object {
	t.Helper()
	o, err := Parse([]byte(text))
	require.NoError(t, err)
	return o
}

// Members keep their order and their text.
func TestObject(t *testing.T) {
	o := parse(t, `{"esp": "sendgrid", "clicks" : "proxy", "x": [1, {"a": "<&>"}], "k\u0041": 1.50}`)
	require.Equal(t, `{"esp":"sendgrid","clicks":"proxy","x":[1,{"a":"<&>"}],"kA":1.50}`, o.Text())
	require.Equal(t, `{"esp":"sendgrid","clicks":"redirect","x":[1,{"a":"<&>"}],"kA":1.50}`, o.With("clicks", []byte(`"redirect"`)).Text())
	require.Equal(t, `{"esp":"sendgrid","x":[1,{"a":"<&>"}],"kA":1.50}`, o.With("clicks", nil).Text())
	require.Equal(t, `{"esp":"sendgrid","clicks":"proxy","x":[1,{"a":"<&>"}],"kA":1.50,"y":1}`, o.With("y", []byte(`1`)).Text())
	require.Equal(t, o.Text(), o.With("z", nil).Text())
	require.Nil(t, o.Get("z"))

	require.True(t, parse(t, `{"a": 1, "b": [2]}`).Equal(parse(t, `{"b":[2],"a":1}`)))
	require.Equal(t, []string{"a", "b", "c"}, parse(t, `{"a":1,"b":2}`).Differs(parse(t, `{"a":2,"c":1}`)))

	for _, text := range []string{"", "[]", `"x"`, "{", `{"a":1} x`, "{\"a\": \"\xff\"}"} {
		_, err := Parse([]byte(text))
		require.Error(t, err, text)
	}
}

// A terminal is not controlled by what somebody wrote into the store.
func TestDiff(t *testing.T) {
	a, b := parse(t, `{"esp":"sendgrid"}`), parse(t, "{\"esp\":\"sendgrid\",\"why\":\"\u202e\u009b31m\"}")
	text := Diff(a, b)
	require.Contains(t, text, "\n-  \"esp\": \"sendgrid\"\n+  \"esp\": \"sendgrid\",\n")
	require.NotContains(t, text, "\u202e")
	require.NotContains(t, text, "\u009b")
	require.Contains(t, Diff(nil, a), `+  "esp": "sendgrid"`)
	require.Contains(t, Diff(a, nil), `-  "esp": "sendgrid"`)
	require.Empty(t, Diff(a, a))
}

func TestRoom(t *testing.T) {
	fill := func(n int) *Object { return parse(t, `{"esp":"sendgrid","home":"`+strings.Repeat("ä", n)+`"}`) }
	require.Empty(t, fill(100).Room())
	require.Equal(t, "8026 of 8000 characters: home 16006 bytes, esp 17 bytes", fill(7998).Room())
	require.Equal(t, 8026, fill(7998).Size(), "characters, not bytes")
	require.NotEmpty(t, fill(6500).Room(), "said before it is full")
}

func rig(t *testing.T) (*fastlytest.API, *Store) {
	t.Helper()
	api := fastlytest.New("token")
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	client, err := fastlyapi.New("token", fastlyapi.Options{Endpoint: srv.URL, Tries: 1})
	require.NoError(t, err)
	id := api.AddService("clickedge", publish.Comment([]byte("{}")), "sendgrid", "spgo")
	store, err := Find(t.Context(), client, "", "clickedge")
	require.NoError(t, err)
	require.Equal(t, id, store.ServiceID)
	require.Equal(t, []string{"sendgrid", "spgo"}, store.Backends)
	require.True(t, store.PublishedWith([]byte("{}")))
	require.False(t, store.PublishedWith([]byte("{ }")))
	return api, store
}

func change(before string, after *Object, answer string) (*Change, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	in := &input.Input{Ctx: nil, Stdin: strings.NewReader(answer), Err: &errs}
	return &Change{Host: host, Before: before, After: after, Question: "Write?", Yes: answer == "", In: in, Out: &out, Err: &errs}, &out, &errs
}

func TestChange(t *testing.T) {
	api, store := rig(t)
	o := parse(t, `{"esp":"sendgrid"}`)
	c, out, errs := change("", o, "")
	require.NoError(t, store.Change(t.Context(), c))
	got, _ := api.Item(host)
	require.Equal(t, `{"esp":"sendgrid"}`, got)
	require.Contains(t, out.String(), "18 of 8000 characters, and read it back")
	require.Contains(t, errs.String(), "some seconds")

	// What is there already is not written again, and not asked about.
	api.Seen()
	c, out, _ = change(got, o, "")
	require.NoError(t, store.Change(t.Context(), c))
	require.Contains(t, out.String(), "is like that already")
	require.Empty(t, api.Seen())

	// A dry run writes nothing.
	c, out, _ = change(got, nil, "")
	c.DryRun = true
	require.NoError(t, store.Change(t.Context(), c))
	require.Contains(t, out.String(), "nothing was written")
	require.Empty(t, api.Seen())

	// Somebody else was quicker: what they wrote stays.
	api.SetItem(host, `{"esp":"spgo"}`)
	c, _, _ = change(got, nil, "")
	require.ErrorContains(t, store.Change(t.Context(), c), "somebody has changed the entry link.example.com")
	got, _ = api.Item(host)
	require.Equal(t, `{"esp":"spgo"}`, got)

	// Deleted, also where somebody deletes at the same moment.
	c, out, _ = change(got, nil, "")
	require.NoError(t, store.Change(t.Context(), c))
	require.Contains(t, out.String(), "deleted the entry")
	_, ok := api.Item(host)
	require.False(t, ok)

	// The answer is lost on its way: what is there is not known, and that is said.
	api.Fail(fastlytest.Fault{Method: "PUT", Path: "/resources", Status: 0, After: true})
	c, _, _ = change("", o, "")
	require.ErrorContains(t, store.Change(t.Context(), c), "may or may not have been written")
}

// What overrides sites.json now: entries that the module takes.
func TestInEffect(t *testing.T) {
	api, store := rig(t)
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites":{"a.example.com":{"esp":"sendgrid"},"b.example.com":{"esp":"sendgrid"},"c.example.com":{"esp":"sendgrid"}}}`))
	require.NoError(t, err)
	api.SetItem("a.example.com", `{"esp":"sendgrid","home":"https://www.example.com/"}`)
	api.SetItem("b.example.com", `{"esp":"unheard-of"}`)
	found, err := InEffect(t.Context(), store.client, "", "clickedge", sites, []string{"a.example.com", "b.example.com", "c.example.com"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "https://www.example.com/", found["a.example.com"].Home)
	_, err = InEffect(t.Context(), store.client, "", "other", sites, []string{"a.example.com"})
	require.ErrorContains(t, err, `there is no service "other"`)
	api.Fail(fastlytest.Fault{Method: "GET", Path: "/resources/stores/config", Status: 403})
	_, err = InEffect(t.Context(), store.client, "", "clickedge", sites, []string{"a.example.com"})
	require.Error(t, err)
}

func TestCheckEntry(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "sendgrid"}, "mail.example.com": {"esp": "sendgrid"}}}`))
	require.NoError(t, err)
	for text, want := range map[string]string{
		`{"esp":"sendgrid"}`: "",
		`{"esp":"sengrid"}`:  "the entry has 1 mistake",
		`{"esp":"iterable"}`: "the service has no backend iterable",
		`{"esp":"custom","origin":"https://mail.example.com"}`:   "an origin is a link domain",
		`{"esp":"sendgrid","second_origin":"https://x.example"}`: "the service has no backend custom-x.example",
		`{"esp":"sendgrid"}}, "x.example.com": {"esp":"none"}`:   "mistake",
		`[]`: "the entry has 1 mistake",
		``:   "the entry has 1 mistake",
	} {
		c, err := CheckEntry("the entry", host, text, sites, []string{"sendgrid"})
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, host, c.Site.Host)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
	_, err = CheckEntry("the entry", host, `{"esp":"iterable"}`, nil, nil)
	require.NoError(t, err, "backends that are not known are not missed")
	_, err = CheckEntry("the entry", host, `{"esp":"iterable"}`, nil, []string{})
	require.Error(t, err, "a service may have none")
	long := `{"esp":"sendgrid","recalls":[`
	for i := range 70 {
		long += `{"from":"https://a.example/` + strings.Repeat(string(rune('0'+i)), 100) + `","gone":true},`
	}
	_, err = CheckEntry("the entry", host, strings.TrimSuffix(long, ",")+`]}`, nil, nil)
	require.ErrorContains(t, err, "does not fit into an entry")
	require.ErrorContains(t, err, "recalls")
	require.Greater(t, len(long), contract.MaxConfigEntry)
}

func TestOfSites(t *testing.T) {
	text := []byte("{\"sites\": {\"link.example.com\": {\"b\": 1,\n \"a\": 2}}}")
	o, err := OfSites(text, host)
	require.NoError(t, err)
	require.Equal(t, `{"b":1,"a":2}`, o.Text())
	o, err = OfSites(text, "x.example.com")
	require.NoError(t, err)
	require.Nil(t, o)
}

// What does not fit into an entry is said before somebody is in a hurry.
func TestRoomWarnings(t *testing.T) {
	text := func(n int) []byte {
		list := strings.TrimSuffix(strings.Repeat(`"a-host-of-this-brand.example.com",`, n), ",")
		return []byte(`{"sites": {"small.example.com": {"esp": "sendgrid"}, "link.example.com": {"esp": "sendgrid", "destinations": [` + list + `]}}}`)
	}
	for n, want := range map[int]string{1: "", 150: "", 200: "link.example.com: the site nearly fills an entry of the config store, 7", 240: "link.example.com: the site has no room in an entry of the config store, 8"} {
		sites, err := sitesjson.Parse("sites.json", text(n))
		require.NoError(t, err)
		list := RoomWarnings(sites, text(n))
		require.Equal(t, want != "", len(list) == 1, "%d: %v", n, list)
		if want != "" {
			require.True(t, strings.HasPrefix(list[0], want), list[0])
			require.Contains(t, list[0], "destinations ")
		}
	}
}
