package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// model is a spool, and what must be in it. Nothing runs beside it: what the
// spool's goroutine does is a step of the script.
type model struct {
	*testing.T
	said
	o     Options
	s     *Spool
	clock time.Time
	n     int // lines that were offered

	kept     []*kept // batches that were not delivered, oldest first
	room     int     // of the disk
	sync     error   // what the disk says
	truncate error
	inOrder  bool // no batch was postponed
}

// kept is a batch with the lines that must be in it.
type kept struct {
	id   string
	text []byte
}

// FuzzSpool runs scripts of lines, deliveries, clean ends, killed processes,
// lost power and full disks. Whatever the order: a line that was taken and that
// no damage has touched is delivered, once for each time that its batch is
// acknowledged, whole and in its place; what damage has touched is delivered as
// a whole line or kept aside; and the folder stays within its bound.
func FuzzSpool(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 400 {
			t.Skip("as many steps as are worth their time")
		}
		play(t, script)
	})
}

func play(t *testing.T, script []byte) {
	m := newModel(t)
	for ; len(script) >= 2; script = script[2:] {
		m.step(steps[int(script[0])%len(steps)], int(script[1]))
		m.check()
	}
	m.end()
}

// steps are those of a script, what is usual more often than what is not.
const steps = "wwwwwwwwwwaaaaaaddddddbhckkpprztfs"

// scripts are what was found, as letters and numbers.
var scripts = map[string]string{
	"the clock is set back between two processes":      "w\x05k\x00t\x05w\x05a\x05c\x00d\x00d\x00",
	"a first line is torn, and the file cannot be cut": "s\x02f\x05w\x10a\x00f\xffd\x00w\x01",
	"many lines are torn":                              "s\x02f\xffw\x50w\x50w\x50f\x20w\x50f\x20w\x50f\x20w\x50f\x20w\x50s\x00f\xffw\xffw\xff",
	"a sealed file loses its end":                      "w\xffw\xffw\xffa\x05w\x05z\x14d\x00d\x00d\x00",
	"a sealed file loses all whole lines":              "w\x04a\x05z\x05d\x00w\x01",
}

// scriptOf makes a script of letters and numbers.
func scriptOf(text string) []byte {
	script := []byte(text)
	for i := 0; i < len(script); i += 2 {
		script[i] = byte(strings.IndexByte(steps, script[i]))
	}
	return script
}

// TestScripts runs what was found, and a number of random scripts.
func TestScripts(t *testing.T) {
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) { play(t, scriptOf(script)) })
	}
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("random/%d", seed), func(t *testing.T) { play(t, randomScript(seed)) })
	}
}

// randomScript makes a script that is the same each time.
func randomScript(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	script := make([]byte, 300)
	for i := range script {
		script[i] = byte(random.Uint32())
	}
	return script
}

// place makes one in memory where there is such a place: the disk's own time is
// not what is tried.
func place(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "spool-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func newModel(t *testing.T) *model {
	m := &model{T: t, clock: time.UnixMilli(1_800_000_000_000), room: 1 << 30}
	m.o = Options{Dir: filepath.Join(place(t), "spool"), Most: 4 << 10, Warn: m.warn, batch: 1 << 10, every: time.Hour}
	m.o.create = func(name string) (file, error) {
		file, err := create(name)
		return &disk{file: file, room: &m.room, sync: &m.sync, truncate: m.truncate}, err
	}
	m.open()
	t.Cleanup(func() { _ = m.s.Close() })
	return m
}

// open opens the spool, and ends its goroutine.
func (m *model) open() {
	m.Helper()
	var err error
	m.s, err = Open(m.o)
	require.NoError(m, err)
	close(m.s.stop)
	m.s.kept.Wait()
	m.s.stop = make(chan struct{})
	m.s.now = func() time.Time { return m.clock }
	m.inOrder = true
}

// step is one step of a script: a letter and a number.
func (m *model) step(what byte, n int) {
	switch what {
	case 'w':
		m.write(n)
	case 'd':
		m.deliver()
	case 'a': // time goes on, the goroutine does its work
		m.clock = m.clock.Add(time.Duration(n) * time.Second)
		m.s.ripen()
		m.tend()
	case 'b': // the receiver refuses a batch
		if b, _, ok := m.s.next(); ok {
			m.s.postpone(b, time.Duration(n)*time.Second)
			m.inOrder = false
		}
	case 'h':
		m.s.hurry()
		m.inOrder = true
	case 'c': // a clean end
		require.NoError(m, m.s.Close())
		m.open()
	case 'k': // the process is killed
		m.kill()
		m.open()
	case 'p': // power is lost, and the end of what was written with it
		m.kill()
		m.damage(openEnding, n)
		m.open()
	case 'z': // of what was on the disk, too
		m.kill()
		m.damage(sealedEnding, n)
		m.open()
	case 'r': // a repair is broken off, and done again
		m.kill()
		m.breakOff(n)
		m.open()
	case 't': // the clock is set back
		m.clock = m.clock.Add(-time.Duration(n) * time.Minute)
	case 'f': // so much room is on the disk
		m.room = n
		if n == 0xff {
			m.room = 1 << 30
		}
	case 's': // the disk fails to sync, or to cut a file, or no longer
		m.sync, m.truncate = nil, nil
		if n&1 != 0 {
			m.sync = errDisk
		}
		if n&2 != 0 {
			m.truncate = errDisk
		}
	}
}

// tend does what the spool's goroutine does.
func (m *model) tend() {
	err := m.s.sync()
	if err == nil {
		err = m.s.sealFull()
	}
	require.True(m, err == nil || errors.Is(err, m.sync), "%v", err)
}

// write offers lines, which are taken all or none.
func (m *model) write(n int) {
	var lines []byte
	count := 1 + n&3
	if m.truncate != nil {
		count = 1 // of several, some may stay where a file cannot be cut
	}
	for range count {
		lines = fmt.Appendf(lines, "{\"n\":%d,\"text\":%q}\n", m.n, strings.Repeat("x", n))
		m.n++
	}
	_, before := m.s.Waiting()
	switch took, err := m.s.Write(lines); {
	case err == nil:
		require.Equal(m, len(lines), took)
		m.took(lines)
	case errors.Is(err, errFull):
		require.Greater(m, before+int64(len(lines)), m.o.Most, "there was room")
	default:
		require.ErrorIs(m, err, errDisk)
		require.Less(m, m.room, len(lines))
	}
}

// took puts lines into the batch that the spool has put them into.
func (m *model) took(lines []byte) {
	b := m.s.open
	if b == nil { // they have filled it
		b = m.s.full[len(m.s.full)-1]
	}
	if len(m.kept) == 0 || m.kept[len(m.kept)-1].id != b.ID {
		m.kept = append(m.kept, &kept{id: b.ID})
	}
	last := m.kept[len(m.kept)-1]
	last.text = append(last.text, lines...)
}

// deliver takes the batch that is next, twice as after an answer that was lost,
// and acknowledges it.
func (m *model) deliver() {
	b, _, ok := m.s.next()
	if !ok {
		require.False(m, m.inOrder && len(m.s.sealed) > 0, "none is next, and some wait")
		return
	}
	text, err := m.s.read(b)
	if errors.Is(err, errNoLine) {
		require.NoError(m, m.s.drop(b))
		m.deliver()
		return
	}
	at := m.index(b.ID)
	if m.inOrder {
		require.Zero(m, at, "the oldest is first")
	}
	for range 2 {
		require.NoError(m, err)
		require.Equal(m, string(m.kept[at].text), string(text))
		text, err = m.s.read(b)
	}
	require.NoError(m, m.s.drop(b))
	m.kept = append(m.kept[:at], m.kept[at+1:]...)
}

func (m *model) index(id string) int {
	m.Helper()
	at := slices.IndexFunc(m.kept, func(k *kept) bool { return k.id == id })
	require.GreaterOrEqual(m, at, 0, "a batch that was not written: %s", id)
	return at
}

// kill ends the process as it is.
func (m *model) kill() {
	for _, b := range append(m.s.full, m.s.open) {
		if b != nil {
			_ = b.file.Close()
		}
	}
	m.s.closed = true
	require.NoError(m, m.s.lock.Close())
	m.sync, m.truncate = nil, nil
}

// damage cuts off the end of each file with an ending, and changes bytes before
// it: what a disk does that loses power, and for files that were sealed one that
// has not kept its word.
func (m *model) damage(ending string, n int) {
	for _, name := range m.names(ending) {
		before, err := os.ReadFile(name)
		require.NoError(m, err)
		after := bytes.Clone(before[:max(0, len(before)-n)])
		for at := len(after) - 1; at >= max(0, len(after)-n) && n&1 != 0; at -= 1 + n&15 {
			after[at] ^= byte(n)
		}
		require.NoError(m, os.WriteFile(name, after, 0o600))
		m.damaged(strings.TrimSuffix(filepath.Base(name), ending), before, after)
	}
}

func (m *model) names(ending string) []string {
	m.Helper()
	names, err := filepath.Glob(filepath.Join(m.o.Dir, "*"+ending))
	require.NoError(m, err)
	return names
}

// damaged sets what must be left of a batch: the lines that are as they were,
// and whatever else is an object in a line of its own.
func (m *model) damaged(id string, before, after []byte) {
	m.Helper()
	at := slices.IndexFunc(m.kept, func(k *kept) bool { return k.id == id })
	if at < 0 {
		return // it has taken no line
	}
	var whole []byte
	for start := 0; start < len(after); {
		end := start + bytes.IndexByte(append(after[start:len(after):len(after)], '\n'), '\n') + 1
		one := after[start:min(end, len(after))]
		untouched := end <= len(after) && bytes.Equal(before[max(0, start-1):end], after[max(0, start-1):end])
		var object map[string]any
		isObject := one[0] == '{' && bytes.HasSuffix(one, []byte("}\n")) && json.Unmarshal(one, &object) == nil
		require.True(m, isObject || !untouched || !bytes.Contains(m.kept[at].text, one), "%q", one)
		if isObject {
			whole = append(whole, one...)
		}
		start = end
	}
	m.kept[at].text = whole
	m.kept = slices.DeleteFunc(m.kept, func(k *kept) bool { return len(k.text) == 0 })
}

// breakOff does a part of a repair.
func (m *model) breakOff(n int) {
	for _, name := range m.names(openEnding) {
		text, err := os.ReadFile(name)
		require.NoError(m, err)
		whole, rest := sift(text)
		at := strings.TrimSuffix(name, openEnding)
		if len(rest) > 0 {
			require.NoError(m, os.WriteFile(at+damagedEnding, rest, 0o600))
		}
		if len(whole) > 0 && n&1 != 0 {
			require.NoError(m, os.WriteFile(at+sealedEnding, whole, 0o600))
		}
	}
}

// check compares the files with the model. There are no more bytes than the
// spool says, and no more than its bound.
func (m *model) check() {
	m.Helper()
	var text []byte
	total := int64(0)
	names, err := filepath.Glob(filepath.Join(m.o.Dir, "*.*"))
	require.NoError(m, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(m, err)
		if total += int64(len(b)); !strings.HasSuffix(name, damagedEnding) {
			text = append(text, b...)
		}
	}
	_, size := m.s.Waiting()
	require.Equal(m, size, total)
	require.LessOrEqual(m, total, m.o.Most)
	for _, k := range m.kept {
		for one := range bytes.Lines(k.text) { // damage between them is put aside when they are read
			require.True(m, bytes.Contains(text, one), "a line is not there: %s", one)
		}
	}
}

// end delivers everything.
func (m *model) end() {
	m.sync = nil
	require.NoError(m, m.s.Close())
	m.open()
	for len(m.kept) > 0 {
		left := len(m.kept)
		m.deliver()
		require.Less(m, len(m.kept), left, "what waits is delivered")
	}
	m.deliver() // batches of which nothing whole is left
	n, size := m.s.Waiting()
	require.Zero(m, n)
	for _, name := range m.names(damagedEnding) {
		text, err := os.ReadFile(name)
		require.NoError(m, err)
		size -= int64(len(text))
	}
	require.Zero(m, size)
}
