package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"mime/quotedprintable"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/internal/fastlytest"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
)

// sender is whoever sends a mailing: a folder with sites.json, an account with
// Fastly, and the command.
type sender struct {
	t   *testing.T
	dir string
	api *fastlytest.API
	url string
}

func newSender(t *testing.T) *sender {
	s := &sender{t: t, dir: t.TempDir(), api: fastlytest.New("token")}
	srv := httptest.NewServer(s.api)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	s.api.AddKVStore(contract.LinkStore, nil)
	s.write("sites.json", []byte(learnSite))
	return s
}

func (s *sender) path(name string) string { return filepath.Join(s.dir, name) }

func (s *sender) write(name string, data []byte) {
	require.NoError(s.t, os.WriteFile(s.path(name), data, 0o600))
}

// run runs the command, and returns its standard output.
func (s *sender) run(args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	vars := map[string]string{fastlyapi.TokenEnv: "token", fastlyapi.EndpointEnv: s.url}
	env := &cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return noon },
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	args = append(args, "--sites", s.path("sites.json"))
	require.Equal(s.t, failure.ExitOK, env.Run(s.t.Context(), args), "%v\n%s%s", args, out.String(), errs.String())
	return out.String()
}

// ownCopy writes the mailing's mail as the sender gets it: in quoted-printable,
// whose short lines cut the links.
func (s *sender) ownCopy(m *mailing) {
	var b bytes.Buffer
	b.WriteString("From: shop@example.com\r\nTo: sender@example.com\r\nSubject: Offers\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	own := m.account.Message()
	for link := range links {
		fmt.Fprintf(w, "<a href=\"http://%s%s\">Offer %d</a>\r\n", learnHost, strings.ReplaceAll(m.link(own, m.destination(link, 0)), "&", "&amp;"), link)
	}
	require.NoError(s.t, w.Close())
	s.write("mail.eml", b.Bytes())
}

// learn runs "clickedge learn" on the sender's own copy. It follows the links
// through the module, which proxies them to SendGrid and does not learn them
// itself, as it has one message only.
func (s *sender) learn(m *mailing, more ...string) {
	s.t.Helper()
	s.ownCopy(m)
	place := newLearner(s.t, learnSite, emptyStore(), origins.Options{SendGrid: m.account})
	out := s.run(append([]string{"learn", s.path("mail.eml"), "--yes", "--via", learnHost + "=" + place.listen(s.t)}, more...)...)
	require.Equal(s.t, links, strings.Count(out, "\n  leads to https://shop.example.com/offer-"), out)
	require.Len(s.t, place.fleet.Seen(), links, "each link is followed once")
	for link := range links {
		require.Zero(s.t, place.stored(s.t, m.link(m.account.Message(), m.destination(link, 0))))
	}
}

// places are two places of the network with this module and this store.
func (s *sender) places(m *mailing, wasm []byte, store map[string]hostsim.KVEntry) (here, there *learner) {
	two := make([]*learner, 2)
	for i := range two {
		two[i] = &learner{account: m.account, backend: "sendgrid", at: noon}
		two[i].rig = rigOf(s.t, wasm, learnSite, origins.Options{SendGrid: m.account}, func(cfg *hostsim.Config) {
			cfg.KVStores = map[string]map[string]hostsim.KVEntry{contract.LinkStore: maps.Clone(store)}
		})
	}
	return two[0], two[1]
}

// build builds the module with the command.
func (s *sender) build(more ...string) []byte {
	s.t.Helper()
	raw, err := reactor()
	require.NoError(s.t, err)
	s.write("reactor.wasm", raw)
	s.run(append([]string{"build", "--reactor", s.path("reactor.wasm"), "-o", s.path("main.wasm")}, more...)...)
	wasm, err := os.ReadFile(s.path("main.wasm"))
	require.NoError(s.t, err)
	return wasm
}

// TestMailingTaught: after "clickedge learn" on the sender's own copy SendGrid
// may be gone before the first reader clicks: all arrive, in every place,
// whether the command wrote to the KV store or to an archive that was built into
// the module.
func TestMailingTaught(t *testing.T) {
	for _, form := range slices.Sorted(maps.Keys(forms)) {
		account := &origins.SendGridAccount{Secret: "taught"}
		m := &mailing{account: account, link: forms[form], destination: shared}
		all, _ := readers(t)
		everybody := outcomes{landed: all}

		t.Run("into the store, "+form, func(t *testing.T) {
			s := newSender(t)
			s.learn(m)
			here, there := s.places(m, s.build(), s.stored())
			require.Equal(t, everybody, m.afterwards(t, 0, all, here, there))
		})
		t.Run("into the module, "+form, func(t *testing.T) {
			s := newSender(t)
			s.learn(m, "--archive", s.path("links.ndjson"))
			require.Empty(t, s.api.KVValues(contract.LinkStore))
			here, there := s.places(m, s.build("--archive", s.path("links.ndjson")), nil)
			require.Equal(t, everybody, m.afterwards(t, 0, all, here, there))
		})
	}
}

// stored is what the command wrote to the KV store.
func (s *sender) stored() map[string]hostsim.KVEntry {
	store := map[string]hostsim.KVEntry{}
	for name, value := range s.api.KVValues(contract.LinkStore) {
		store[name] = hostsim.KVEntry{Value: []byte(value)}
	}
	require.Len(s.t, store, links)
	return store
}
