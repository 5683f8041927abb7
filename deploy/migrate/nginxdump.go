package migrate

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
)

// dumped is the line before each file in what "nginx -T" prints.
var dumped = regexp.MustCompile(`(?m)^# configuration file ([^\r\n]+):\r?\n`)

// nginxDump is the files in what "nginx -T" prints. Nothing else is read: names
// of other files are those of another machine.
type nginxDump struct {
	main  string
	files map[string][]byte
}

var _ Files = (*nginxDump)(nil)

// splitDump splits the output; nil if a text is something else. Text before the
// first file is from nginx's standard error.
func splitDump(data []byte) *nginxDump {
	marks := dumped.FindAllSubmatchIndex(data, -1)
	if len(marks) == 0 || bytes.ContainsAny(nginxMessage.ReplaceAll(data[:marks[0][0]], nil), "{;") {
		return nil
	}
	d := &nginxDump{files: map[string][]byte{}}
	for i, m := range marks {
		end := len(data)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		name := string(data[m[2]:m[3]])
		if d.main == "" {
			d.main = name
		}
		d.files[name] = data[m[1]:end]
	}
	return d
}

// nginxMessage is a message of nginx itself.
var nginxMessage = regexp.MustCompile(`(?m)^(?:nginx: |#).*$`)

// full is a name as nginx reads it: relative names are below the folder of the
// main file.
func (d *nginxDump) full(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(path.Dir(d.main), name)
}

// Glob returns the files that a pattern names.
func (d *nginxDump) Glob(pattern string) (names []string, err error) {
	pattern = d.full(pattern)
	for name := range d.files {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// ReadFile returns a file's text.
func (d *nginxDump) ReadFile(name string) ([]byte, error) {
	if text, ok := d.files[d.full(name)]; ok {
		return text, nil
	}
	return nil, fmt.Errorf("%q is not in what nginx -T printed", clip(name))
}
