package batch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
)

// line is a line of the log, without its end.
func line(id int) string {
	return fmt.Sprintf(`{"v":1,"time":"2026-03-01T12:00:00.000Z","request":"%032x","host":"link.example.com","esp":"sendgrid","kind":"click","method":"GET","action":"proxy","code":"ok","status":302,"destination":"","us":3,"version":"v1"}`, id)
}

const most = 1 << 20

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// Lines arrive in every form that senders have; what is none is kept as it came.
func TestRead(t *testing.T) {
	a, b := line(1), line(2)
	longInArray := a[:len(a)-1] + `,"x":"` + strings.Repeat("x", clicklog.MaxLine-len(a)-len(`,"x":""`)) + `"}` // with its end one byte more than a line may have
	long := `{"v":1,"x":"` + strings.Repeat("x", 2*clicklog.MaxLine) + `"}`
	for name, c := range map[string]struct {
		body, lines, rejected string
		why                   clicklog.Passed
	}{
		"nothing":               {"", "", "", clicklog.Passed{}},
		"lines":                 {a + "\n" + b + "\n", a + "\n" + b + "\n", "", clicklog.Passed{}},
		"no end":                {a + "\n" + b, a + "\n" + b + "\n", "", clicklog.Passed{}},
		"CR LF and empty lines": {"\n" + a + "\r\n\r\n" + b + "\r\n", a + "\n" + b + "\n", "", clicklog.Passed{}},
		"an array":              {"[" + a + "," + b + "]", a + "\n" + b + "\n", "", clicklog.Passed{}},
		"an array over lines":   {" [\n  " + strings.ReplaceAll(a, ",", ",\n    ") + "\n,\n" + b + "]\n", a + "\n" + b + "\n", "", clicklog.Passed{}},
		"an empty array":        {"[]\n", "", "", clicklog.Passed{}},
		"what is no line in it": {"[" + a + `,7,{"x":1}]`, a + "\n", "7\n{\"x\":1}\n", clicklog.Passed{Foreign: 2}},
		"an array that is cut":  {"[" + a + `,{"v":1,"ti`, a + "\n", `{"v":1,"ti` + "\n", clicklog.Passed{Broken: 1}},
		"an array, and a line":  {"[" + a + "]\n" + b, a + "\n" + b + "\n", "", clicklog.Passed{}},
		"gzip":                  {packed(a + "\n"), a + "\n", "", clicklog.Passed{}},
		"gzip of an array":      {packed("[" + a + "]"), a + "\n", "", clicklog.Passed{}},
		"gzip in parts":         {packed(a+"\n") + packed(b+"\n"), a + "\n" + b + "\n", "", clicklog.Passed{}},
		"a collector's prefix":  {"<134>2026-03-01T12:00:00Z cache clicks[1]: " + a + "\n", a + "\n", "", clicklog.Passed{}},
		"a prefix in brackets":  {"[info] " + a + "\n", a + "\n", "", clicklog.Passed{}},
		"two lines in one":      {a + b + "\n", a + "\n" + b + "\n", "", clicklog.Passed{}},
		"another log":           {"GET / 200\n" + a + "\n", a + "\n", "GET / 200\n", clicklog.Passed{Foreign: 1}},
		"another version":       {`{"v":2}` + "\n", "", `{"v":2}` + "\n", clicklog.Passed{Version: 1}},
		"a line that is cut":    {a[:50] + "\n" + b, b + "\n", a[:50] + "\n", clicklog.Passed{Broken: 1}},
		"too long a line":       {long + "\n" + b, b + "\n", long + "\n", clicklog.Passed{Foreign: 1}},
		"too long and the last": {b + "\n" + long, b + "\n", long + "\n", clicklog.Passed{Foreign: 1}},
		"too long in an array":  {"[" + a + "," + longInArray + "]", a + "\n", longInArray + "\n", clicklog.Passed{Foreign: 1}},
		"bytes of anything":     {"\x00\xff\n", "", "\x00\xff\n", clicklog.Passed{Foreign: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range []io.Reader{strings.NewReader(c.body), iotest.OneByteReader(strings.NewReader(c.body))} {
				got, err := Read(body, most)
				require.NoError(t, err)
				require.Equal(t, c.lines, string(got.Lines))
				require.Equal(t, c.rejected, string(got.Rejected))
				require.Equal(t, c.why, got.Why)
				require.Equal(t, strings.Count(c.lines, "\n"), got.Count)
				require.Equal(t, c.why.Version+c.why.Broken+c.why.Foreign, got.Rejections())
			}
		})
	}
}

// Of a body that broke off, is damaged or too large, nothing is kept.
func TestReadRefuses(t *testing.T) {
	var large *bytes.Buffer
	text := strings.Repeat(line(1)+"\n", 1<<14)
	large = bytes.NewBufferString(packed(text))
	require.Less(t, large.Len(), most, "a bomb is small")
	broke := errors.New("the sender has gone")
	gone := func(text string) io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(broke)) }
	whole := packed(line(1) + "\n")
	crc := []byte(whole)
	crc[len(crc)-8] ^= 1
	empty := strings.Repeat(packed(""), most/20)
	for name, c := range map[string]struct {
		body  io.Reader
		check func(t *testing.T, err error)
	}{
		"too large":             {strings.NewReader(text), isTooLarge},
		"too large an array":    {strings.NewReader("[" + strings.ReplaceAll(text, "\n", ",") + "{}]"), isTooLarge},
		"a bomb":                {large, isTooLarge},
		"parts of nothing":      {strings.NewReader(empty), isTooLarge},
		"broke off":             {gone(line(1) + "\n" + line(2)), func(t *testing.T, err error) { require.ErrorIs(t, err, broke) }},
		"broke off in an array": {gone("[" + line(1) + ","), func(t *testing.T, err error) { require.ErrorIs(t, err, broke) }},
		"broke off in gzip":     {gone(whole[:40]), func(t *testing.T, err error) { require.ErrorIs(t, err, broke) }},
		"broke off at once":     {gone(""), func(t *testing.T, err error) { require.ErrorIs(t, err, broke) }},
		"gzip that is cut":      {strings.NewReader(whole[:40]), isDamaged},
		"gzip's head is cut":    {strings.NewReader(whole[:5]), isDamaged},
		"gzip's sum is wrong":   {bytes.NewReader(crc), isDamaged},
		"something behind gzip": {strings.NewReader(whole + "more"), isDamaged},
		"zstd":                  {strings.NewReader("\x28\xb5\x2f\xfd...."), isPacked("zstd")},
		"snappy":                {strings.NewReader("\xff\x06\x00\x00sNaPpY"), isPacked("snappy")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(c.body, most)
			require.Nil(t, got)
			require.Error(t, err)
			c.check(t, err)
		})
	}
}

func isTooLarge(t *testing.T, err error) {
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "more than 1 MiB")
}

func isDamaged(t *testing.T, err error) { require.ErrorAs(t, err, new(*DamagedError)) }

func isPacked(by string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		packed := new(PackedError)
		require.ErrorAs(t, err, &packed)
		require.Equal(t, by, packed.By)
	}
}

// A body as large as the bound is read.
func TestReadBound(t *testing.T) {
	text := line(1) + "\n"
	got, err := Read(strings.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	require.Equal(t, text, string(got.Lines))
	_, err = Read(strings.NewReader(text), int64(len(text)-1))
	require.ErrorIs(t, err, ErrTooLarge)
}
