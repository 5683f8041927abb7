// Package pprof writes profiles in the format that go tool pprof reads
// (github.com/google/pprof, proto/profile.proto): the few messages that a
// profile of functions needs. Start with [Profile.Write].
package pprof

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"time"
)

// Profile is what was measured, in one or more types.
type Profile struct {
	Types    []Type
	Samples  []Sample
	Start    time.Time
	Duration time.Duration
}

// Type is what a sample's value says, for example "time" in "nanoseconds".
type Type struct{ Name, Unit string }

// Function is where time goes. File is what pprof shows as its source file.
type Function struct{ Name, File string }

// Sample is a stack, the innermost function first, and one value for each type.
type Sample struct {
	Stack  []Function
	Values []int64
	Labels [][2]string // names and values
}

// Fields of the messages, by their numbers in profile.proto.
const (
	profileSampleType  = 1
	profileSample      = 2
	profileLocation    = 4
	profileFunction    = 5
	profileStrings     = 6
	profileTime        = 9
	profileDuration    = 10
	profileDefaultType = 14

	typeName = 1
	typeUnit = 2

	sampleLocation = 1
	sampleValue    = 2
	sampleLabel    = 3

	labelKey  = 1
	labelText = 2

	locationID   = 1
	locationLine = 4
	lineFunction = 1

	functionID     = 1
	functionName   = 2
	functionSystem = 3
	functionFile   = 4
)

// Write writes the profile, compressed. The last type is the one that pprof
// shows when it is not asked for another.
func (p *Profile) Write(w io.Writer) error {
	z := gzip.NewWriter(w)
	if _, err := z.Write(p.encode()); err != nil {
		return err
	}
	return z.Close()
}

// encoder numbers texts and functions as they come.
type encoder struct {
	texts     map[string]uint64
	list      []string
	functions map[Function]uint64
	tables    message // of locations and functions
}

func (p *Profile) encode() []byte {
	e := &encoder{texts: map[string]uint64{}, functions: map[Function]uint64{}}
	e.text("") // the first one must be empty
	var out message
	for _, t := range p.Types {
		out.message(profileSampleType, e.valueType(t))
	}
	for i := range p.Samples {
		out.message(profileSample, e.sample(&p.Samples[i]))
	}
	out = append(out, e.tables...)
	if n := len(p.Types); n > 0 {
		out.number(profileDefaultType, e.text(p.Types[n-1].Name))
	}
	for _, text := range e.list {
		out.message(profileStrings, []byte(text))
	}
	out.number(profileTime, uint64(p.Start.UnixNano()))
	out.number(profileDuration, uint64(p.Duration))
	return out
}

func (e *encoder) text(text string) uint64 {
	i, ok := e.texts[text]
	if !ok {
		i = uint64(len(e.list))
		e.texts[text], e.list = i, append(e.list, text)
	}
	return i
}

func (e *encoder) valueType(t Type) (m message) {
	m.number(typeName, e.text(t.Name))
	m.number(typeUnit, e.text(t.Unit))
	return m
}

func (e *encoder) sample(s *Sample) (m message) {
	var locations, values message
	for _, f := range s.Stack {
		locations = binary.AppendUvarint(locations, e.location(f))
	}
	for _, v := range s.Values {
		values = binary.AppendUvarint(values, uint64(v))
	}
	m.message(sampleLocation, locations)
	m.message(sampleValue, values)
	for _, l := range s.Labels {
		var label message
		label.number(labelKey, e.text(l[0]))
		label.number(labelText, e.text(l[1]))
		m.message(sampleLabel, label)
	}
	return m
}

// location is one for each function; both have the same number.
func (e *encoder) location(f Function) uint64 {
	id, ok := e.functions[f]
	if ok {
		return id
	}
	id = uint64(len(e.functions) + 1)
	e.functions[f] = id
	var line, location, function message
	line.number(lineFunction, id)
	location.number(locationID, id)
	location.message(locationLine, line)
	function.number(functionID, id)
	function.number(functionName, e.text(f.Name))
	function.number(functionSystem, e.text(f.Name))
	function.number(functionFile, e.text(f.File))
	e.tables.message(profileLocation, location)
	e.tables.message(profileFunction, function)
	return id
}

// message is one message of protocol buffers, as bytes.
type message []byte

// Wire types of protocol buffers.
const (
	wireNumber = 0
	wireBytes  = 2
)

// number appends a field; zero is what a field is when it is left out.
func (m *message) number(field int, v uint64) {
	if v != 0 {
		*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field<<3|wireNumber)), v)
	}
}

func (m *message) message(field int, content []byte) {
	*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field<<3|wireBytes)), uint64(len(content)))
	*m = append(*m, content...)
}
