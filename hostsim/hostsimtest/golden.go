package hostsimtest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// update is -update, which other packages may have defined before.
var update = updateFlag()

func updateFlag() flag.Getter {
	const name = "update"
	if flag.Lookup(name) == nil {
		flag.Bool(name, false, "write golden files again")
	}
	getter, _ := flag.Lookup(name).Value.(flag.Getter)
	return getter
}

// Update reports whether -update was given. A test package that has golden
// files of its own asks here: it cannot define the flag a second time.
func Update() bool {
	if update == nil {
		return false
	}
	on, _ := update.Get().(bool)
	return on
}

// taken are the golden files of this process, so that no two exchanges share
// one.
var taken sync.Map

// Golden compares the exchange with testdata/NAME.golden; go test -update
// writes it. Fields are sorted by name. What is different each time is masked,
// and the file says what that is: see MaskFields and MaskText.
func (x *Exchange) Golden(name string) *Exchange {
	x.t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name)+".golden")
	if !fs.ValidPath(name) || name == "." {
		x.t.Fatalf("hostsimtest: %q cannot be the name of a golden file", name)
	}
	if owner, twice := taken.LoadOrStore(path, x); twice && owner != x {
		x.t.Fatalf("hostsimtest: two exchanges are compared with %s", path)
	}
	x.t.Cleanup(func() { taken.CompareAndDelete(path, x) })
	got := x.golden()
	if Update() {
		x.write(path, got)
		return x
	}
	want, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.t.Errorf("%s: %s is not there\nhint: go test -update writes it; this is what it would have:\n%s", x.title(), path, got)
	case err != nil:
		x.t.Errorf("hostsimtest: %v", err)
	case string(want) != got:
		x.failf("not as in %s (- there, + now)\nhint: go test -update writes it again\n%s", path, difference(string(want), got))
	}
	return x
}

// write replaces the file as a whole.
func (x *Exchange) write(path, text string) {
	x.t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path+".new", []byte(text), 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		x.t.Fatalf("hostsimtest: %v", err)
	}
}

// golden is the exchange as text.
func (x *Exchange) golden() string {
	g := &record{masks: x.masks}
	g.line("# An exchange, as go test -update has written it. Fields are sorted.")
	g.line("# %s", x.masks.describe())
	g.line("request: %s %s", x.Request.Method, x.Request.Target)
	g.fields(x.Request.Header)
	g.line("answer: %d", x.Answer.Status)
	g.fields(x.Answer.Header)
	g.text(x.Answer.Body)
	if len(x.Answer.Trailer) > 0 {
		g.line("trailers:")
		g.fields(x.Answer.Trailer)
	}
	for _, s := range x.Sent {
		outcome := fmt.Sprint(s.Status)
		if s.Err != nil {
			outcome = s.Err.Error()
		}
		g.line("sent to %s: %s %s -> %s", s.Backend, s.Method, s.Target, outcome)
		g.fields(s.Header)
		g.text(s.Body)
		if left := s.BodySize - int64(len(s.Body)); left > 0 {
			g.line("  and %d bytes more", left)
		}
	}
	for _, l := range x.Logs {
		g.line("log %s:", l.Endpoint)
		g.text([]byte(l.Line))
	}
	g.output("stdout", x.Stdout)
	g.output("stderr", x.Stderr)
	for _, f := range x.Faults {
		g.line("fault: %s", f)
	}
	g.line("ending: %s", x.Ending)
	return g.b.String()
}

// record writes the text of a golden file.
type record struct {
	masks masks
	b     strings.Builder
}

func (g *record) line(format string, args ...any) {
	g.b.WriteString(oneLine(g.masks.text(fmt.Sprintf(format, args...))) + "\n")
}

// fields are sorted by name; those of the same name stay in order.
func (g *record) fields(header wire.Header) {
	sorted := header.Clone()
	slices.SortStableFunc(sorted, func(a, b wire.Field) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	for _, f := range sorted {
		name := strings.ToLower(f.Name)
		if slices.Contains(g.masks.fields, name) {
			f.Value = masked
		}
		g.line("  %s: %s", name, f.Value)
	}
}

func (g *record) output(name string, text []byte) {
	if len(text) > 0 {
		g.line("%s:", name)
		g.text(text)
	}
}

// text has a bar before each line. A text that ends with a line end has an
// empty last one. A line that is not printable is quoted, behind a bar and a
// mark.
func (g *record) text(text []byte) {
	if len(text) == 0 {
		return
	}
	for line := range strings.SplitSeq(g.masks.text(string(text)), "\n") {
		if shown := oneLine(line); shown != line {
			g.b.WriteString("  |" + shown + "\n")
		} else {
			g.b.WriteString("  | " + line + "\n")
		}
	}
}
