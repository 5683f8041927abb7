package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// mostEnd is how much of the log's end is compared with the journal. It is far
// more than is written at once.
const mostEnd = 4 << 20

// recover writes to the log what an earlier process has left, and makes the
// journal empty.
func (j *Journal) recover(log string) error {
	lines, damaged := left(j.segments[:])
	end, err := endOf(log)
	if err != nil && len(lines) > 0 {
		j.warn(fmt.Sprintf("warning: the end of the click log cannot be read, so lines of its journal may stand there twice: %v", err))
	}
	if text := lacking(lines, end); len(text) > 0 {
		if _, err := j.to.Write(text); err != nil {
			return err
		}
	}
	if len(lines) > 0 {
		if err := j.to.Sync(); err != nil {
			return err
		}
		j.warn(fmt.Sprintf("the click log's journal %q had lines of a process that was killed; the log has them", j.name))
	}
	if len(damaged) > 0 {
		if err := keepDamaged(j.name+".damaged", damaged); err != nil {
			return err
		}
		j.warn(fmt.Sprintf("warning: a part of the click log's journal was damaged, as after a loss of power; it is in %q", j.name+".damaged"))
	}
	for _, s := range j.segments {
		s.clear()
		*s.number = 0
	}
	return nil
}

// left returns the lines that the log may lack, and what is damaged.
func left(segments []*segment) (lines, damaged []byte) {
	inOrder := slices.SortedFunc(slices.Values(segments), func(a, b *segment) int { return cmp.Compare(*a.number, *b.number) })
	for _, s := range inOrder {
		if !s.read() {
			damaged = append(damaged, bytes.TrimRight(s.text[:s.length], "\x00")...)
			continue
		}
		s.rewind()
		lines = append(lines, s.waiting()...)
	}
	return lines, damaged
}

// keepDamaged appends text to a file.
func keepDamaged(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// endOf returns the end of a log, from the beginning of a line.
func endOf(log string) ([]byte, error) {
	f, err := os.Open(log)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-mostEnd)
	end, err := io.ReadAll(io.NewSectionReader(f, from, mostEnd))
	if from > 0 {
		_, end, _ = bytes.Cut(end, []byte{'\n'})
	}
	return end, err
}

// lacking returns what must be appended to a log that ends like this, so that it
// has each of these lines once. A line of which it has a part is completed; a
// part of any other line is ended.
func lacking(lines, end []byte) (text []byte) {
	whole := bytes.LastIndexByte(end, '\n') + 1
	part := end[whole:]
	has := map[string]bool{}
	for line := range bytes.Lines(end[:whole]) {
		has[string(line)] = true
	}
	completed := false
	for line := range bytes.Lines(lines) {
		switch {
		case has[string(line)]:
		case len(part) > 0 && !completed && bytes.HasPrefix(line, part):
			text = append(bytes.Clone(line[len(part):]), text...)
			completed = true
		default:
			text = append(text, line...)
		}
	}
	if len(part) > 0 && !completed {
		text = append([]byte{'\n'}, text...)
	}
	return text
}
