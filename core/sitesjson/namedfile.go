package sitesjson

import (
	"strconv"

	"github.com/clickedge/clickedge/core/jsontext"
)

// namedFile is the name of a file that stands in sites.json in place of the
// file's contents.
type namedFile struct {
	at, end int // of the string in sites.json, quotes included
	way     string
	name    string
}

// named reads the name of an app-link file. Only [InlineFiles] accepts one.
func (a *appLinksReader) named(t jsontext.Text, start int) {
	switch {
	case a.r.Failed():
	case t.Odd != "":
		a.fault(start, t.Odd, "")
	case a.files != nil:
		*a.files = append(*a.files, namedFile{start, a.r.At(), a.way, string(t.Bytes)})
	default:
		a.fault(start, "names the file "+quote(t.Bytes)+", which has not been read", "clickedge build puts it in; elsewhere write its contents")
	}
}

// InlineFiles returns sites.json with each file name replaced by the file's
// contents, so that [Parse] needs no file system. Line numbers do not change.
// read is called once for each name, as it stands in sites.json. name is the
// name of sites.json, for messages. The error is an *[Error] with every file
// that cannot be read or is not JSON. All other mistakes are left to Parse.
func InlineFiles(name string, data []byte, read func(name string) ([]byte, error)) ([]byte, error) {
	var files []namedFile
	p := sitesParser{data: data, r: jsontext.NewReader(data), files: &files}
	if p.readable() {
		p.file()
	}
	var wrong mistakes
	var out []byte
	done, texts := 0, map[string][]byte{}
	for _, f := range files {
		text, again := texts[f.name]
		if !again {
			var m *Mistake
			if text, m = readNamed(f.name, read); m != nil {
				wrong.add(f.at, f.way, m.Problem, m.Hint)
			}
			texts[f.name] = text
		}
		out = append(append(out, data[done:f.at]...), text...)
		done = f.end
	}
	if err := wrong.report(name, data); err != nil {
		return nil, err
	}
	return append(out, data[done:]...), nil
}

// readNamed reads one file, which must be one JSON value.
func readNamed(name string, read func(string) ([]byte, error)) ([]byte, *Mistake) {
	text, err := read(name)
	if err != nil {
		return nil, &Mistake{Problem: "cannot be read: " + err.Error(), Hint: "the name is looked up from the folder of sites.json"}
	}
	r := jsontext.NewReader(text)
	r.Skip()
	r.End("value")
	e := r.Err()
	if e == nil {
		return compact(text), nil
	}
	pos := position{line: 1, column: 1}
	pos.advance(text, e.At)
	where := strconv.Quote(name) + " line " + strconv.Itoa(pos.line) + ", column " + strconv.Itoa(pos.column)
	return nil, &Mistake{Problem: where + ": " + e.Problem, Hint: e.Hint}
}
