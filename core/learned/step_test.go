package learned

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	shop, other = "https://shop.example.com/", "https://www.example.com/"
	token       = "https://shop.example.com/reset/5f3c9a0b7d2e41c8a6b0"
)

// sight is one of a message, "m1" or with "l1" of a link that names none.
func sight(message, destination string) *Sight {
	l := Link{Name: someName(), message: message, named: message[0] == 'm'}
	return &Sight{Link: l, Destination: destination, Fit: true}
}

// run takes the sights one after the other, as one place does, and returns the
// steps.
func run(sights ...*Sight) (steps []Step, held Entry) {
	for i, s := range sights {
		step, e := Next(held, s, int64(i))
		if steps = append(steps, step); step != Nothing {
			held = e
		}
	}
	return steps, held
}

func TestFirstSight(t *testing.T) {
	steps, e := run(sight("m1", shop))
	require.Equal(t, []Step{Note}, steps)
	require.Equal(t, Noted, e.State)
	require.Equal(t, Entry{}, Merge(e, Entry{}), "a note is not used")
	require.Equal(t, Entry{}, Merge(Entry{}, e))
}

func TestSecondSight(t *testing.T) {
	steps, e := run(sight("m1", shop), sight("m1", shop), sight("m2", shop), sight("m3", shop))
	require.Equal(t, []Step{Note, Nothing, Know, Nothing}, steps, "the same message says nothing new")
	require.Equal(t, KnownSince(2, shop), e)
	require.Equal(t, e, Merge(e, Entry{}))
}

func TestContradiction(t *testing.T) {
	for _, sights := range [][]*Sight{
		{sight("m1", shop), sight("m1", other)},
		{sight("m1", shop), sight("m2", other)},
		{sight("m1", shop), sight("m2", shop), sight("m3", other)},
		{sight("m1", shop), sight("m2", shop), {Link: sight("m3", shop).Link, Destination: "https://elsewhere.example.net/"}},
	} {
		steps, e := run(sights...)
		require.Equal(t, Contradict, steps[len(steps)-1])
		require.Equal(t, Contradictory, e.State)
		for _, again := range []string{shop, other} {
			step, after := Next(e, sight("m9", again), 9)
			require.Equal(t, Nothing, step, "for good")
			require.Equal(t, e, after)
		}
		require.Equal(t, e, Merge(e, KnownSince(0, shop)))
		require.Equal(t, e, Merge(KnownSince(0, shop), e))
	}
}

// A destination that must not be learned leaves nothing, but it contradicts.
func TestUnfitSight(t *testing.T) {
	s := sight("m1", shop)
	s.Fit = false
	steps, e := run(s, s)
	require.Equal(t, []Step{Nothing, Nothing}, steps)
	require.Zero(t, e)
}

// In links that do not name their message, two may be of one message. So a
// destination that may be personal needs more of them than most messages have.
func TestUnnamedMessages(t *testing.T) {
	steps, _ := run(sight("l1", shop), sight("l1", shop), sight("l2", shop))
	require.Equal(t, []Step{Note, Nothing, Know}, steps)
	steps, e := run(sight("l1", numbered4), sight("l2", numbered4), sight("l3", numbered4), sight("l3", numbered4))
	require.Equal(t, []Step{Note, Note, Note, Nothing}, steps)
	require.Equal(t, Noted, e.State)
	step, e := Next(e, sight("l4", numbered4), 4)
	require.Equal(t, Know, step)
	require.Equal(t, numbered4, e.Destination)
	steps, _ = run(sight("m1", numbered4), sight("m2", numbered4))
	require.Equal(t, []Step{Note, Know}, steps, "two messages are two")
	steps, _ = run(sight("l1", numbered4), sight("m1", numbered4), sight("l2", numbered4), sight("m2", numbered4))
	require.Equal(t, []Step{Note, Note, Note, Know}, steps)
}

const numbered4 = "https://shop.example.com/p/1001"

// A short number or a parameter may be a reader's, too.
func TestUnnamedMessagesThatMayBePersonal(t *testing.T) {
	for url, want := range map[string]Step{
		"https://shop.example.com/u?id=1001": Note, "https://shop.example.com/u/101": Note, "https://shop.example.com/?name=ann": Note,
		"https://shop.example.com/?utm_source=mail&utm_content=ann": Note, "https://shop.example.com/?x=1;name=ann": Note, "https://shop.example.com/#u=ann": Note,
		"https://shop.example.com/sale?utm_campaign=1&x=22": Know, "https://shop1001.example.com/": Know, "https://shop.example.com/?": Know,
		"https://shop.example.com/?utm_source=mail&utm_medium=email&utm_campaign=spring#top": Know,
	} {
		steps, _ := run(sight("l1", url), sight("l2", url))
		require.Equal(t, []Step{Note, want}, steps, url)
		steps, _ = run(sight("m1", url), sight("m2", url))
		require.Equal(t, []Step{Note, Know}, steps, url)
	}
}

// One reader's own page stands in each of the reader's mails. What is seen to be
// personal is not even noted, however many messages lead to it; but it
// contradicts, and what was taught stays.
func TestPersonalSights(t *testing.T) {
	for _, url := range []string{token, "https://shop.example.com/u?m=ann%40example.com"} {
		steps, e := run(sight("m1", url), sight("m2", url), sight("m3", url), sight("l4", url), sight("l5", url), sight("m6", url))
		require.Equal(t, []Step{Nothing, Nothing, Nothing, Nothing, Nothing, Nothing}, steps, url)
		require.Zero(t, e)
		step, _ := Next(KnownSince(1, shop), sight("m1", url), 2)
		require.Equal(t, Contradict, step)
		step, e = Next(KnownSince(1, url), sight("m1", url), 2)
		require.Equal(t, Nothing, step)
		require.Equal(t, KnownSince(1, url), e)
	}
}

// A contradiction that the store did not take is tried again, not at once.
func TestUnstoredContradiction(t *testing.T) {
	e := contradiction(100)
	e.unstored = true
	for now, want := range map[int64]Step{0: Nothing, 100: Nothing, 159: Nothing, 160: Contradict, 1000: Contradict} {
		for _, url := range []string{shop, other, token} {
			step, then := Next(e, sight("m1", url), now)
			require.Equal(t, want, step, now)
			require.Equal(t, Contradictory, then.State)
			require.Equal(t, want == Nothing, then.unstored)
		}
	}
	require.Equal(t, e, Merge(e, KnownSince(200, shop)))
}

func TestSettle(t *testing.T) {
	known := KnownSince(5, shop)
	for _, c := range []struct {
		stored Entry
		step   Step
		then   Entry
	}{
		{Entry{}, Know, known},
		{Entry{State: Noted, Destination: shop}, Know, known},
		{KnownSince(1, shop), Note, KnownSince(1, shop)},
		{contradiction(1), Note, contradiction(1)},
		{KnownSince(1, other), Contradict, contradiction(9)},
	} {
		step, then := Settle(c.stored, known, 9)
		require.Equal(t, c.step, step, c)
		require.Equal(t, c.then, then, c)
	}
}

func TestMerge(t *testing.T) {
	a, b := KnownSince(1, shop), KnownSince(2, other)
	require.Equal(t, Entry{}, Merge(Entry{}, Entry{}))
	require.Equal(t, a, Merge(a, Entry{State: Noted, Destination: other}), "a note contradicts nobody")
	require.Equal(t, a, Merge(Entry{}, a))
	require.Equal(t, a, Merge(a, KnownSince(2, shop)))
	require.Equal(t, contradiction(2), Merge(a, b))
	require.Equal(t, contradiction(2), Merge(b, a))
}

func TestPersonal(t *testing.T) {
	for url, want := range map[string]string{
		shop: "", "https://shop.example.com": "", "https://shop.example.com/sale?utm_source=mail&utm_campaign=spring-sale-2026": "",
		"https://shop.example.com/a-very-long-name-of-a-product-with-words": "",
		"https://a1b2c3d4e5f6a7b8c9d0.example.com/":                         "",
		"https://shop.example.com/u?m=ann@example.com":                      "an e-mail address",
		"https://shop.example.com/u?m=ann%40example.com":                    "an e-mail address",
		"https://shop.example.com/u?m=ann%2540example.com":                  "an e-mail address",
		token: "a long token",
		"https://shop.example.com/?t=3f2a9c8e-7b6d-4a5f-9e8d-1c2b3a4d5e6f":  "a long token",
		"https://shop.example.com/?t=eyJhbGciOiJIUzI1NiJ9":                  "a long token",
		"https://shop.example.com/?t=12345678901234567890":                  "a long token",
		"https://shop.example.com/?t=123456789":                             "",
		"https://shop.example.com/?t=YW5u%2BQG%2FV4YW1wbGU%3D":              "a long token",
		"https://shop.example.com/Summer-Sale-Shoes-Women-And-Men-2026":     "",
		"https://shop.example.com/Samsung-Galaxy-S24-Ultra-256GB":           "",
		"https://shop.example.com/SummerSaleShoesWomen":                     "",
		"https://shop.example.com/?to=https%3A%2F%2Fwww.example.com%2Fsale": "",
		"https://shop.example.com/%":                                        "",
		"https://shop.example.com/%2":                                       "",
	} {
		require.Equal(t, want, Personal(url), url)
	}
}
