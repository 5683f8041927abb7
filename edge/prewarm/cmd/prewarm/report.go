package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// report is what the command prints.
type report struct {
	prewarm.Report
	Reactor      bool
	Compute      bool // the entry answers a request
	Took         string
	Instructions *prewarm.Gain
	NotCounted   string
}

func (r *report) print(o *options, stdout, stderr io.Writer) error {
	if o.json {
		return r.printJSON(stdout)
	}
	if o.quiet {
		return nil
	}
	w := stdout
	if o.out == "-" {
		w = stderr
	}
	_, err := io.WriteString(w, r.text())
	return err
}

func (r *report) text() string {
	s := fmt.Sprintf("size: %s bytes, now %s\n", grouped(r.SizeBefore), grouped(r.SizeAfter))
	s += fmt.Sprintf("memory at the start: %d MiB (%d pages of 64 KiB), %s bytes of it in %s segments\n",
		(r.MemoryPages+15)/16, r.MemoryPages, grouped(r.SegmentBytes), grouped(r.Segments))
	s += r.instructions()
	switch {
	case r.Reactor:
		s += "the module is still a reactor: _initialize does nothing any more\n"
	case r.NotRehearsed != nil:
		s += fmt.Sprintf("no page is touched first: %v\n", r.NotRehearsed)
	case r.WrittenFirst+r.ReadFirst > 0:
		s += fmt.Sprintf("pages touched first: %d, as a rehearsed %s has shown\n", r.WrittenFirst+r.ReadFirst, r.pick("GET", "run"))
	}
	return s + "took " + r.Took + "\n"
}

func (r *report) instructions() string {
	g := r.Instructions
	switch {
	case r.NotCounted != "":
		return "instructions were not counted: " + r.NotCounted + "\n"
	case g == nil:
		return ""
	case r.Reactor || r.NotRehearsed != nil:
		return fmt.Sprintf("instructions of initialisation: %s, now 0\n", grouped(g.Initialisation))
	}
	return fmt.Sprintf("instructions until %s: %s (%s of them initialisation), now %s\n",
		r.pick("a GET is answered", "the entry returns"), grouped(g.Before), grouped(g.Initialisation), grouped(g.After))
}

func (r *report) pick(compute, other string) string {
	if r.Compute {
		return compute
	}
	return other
}

func grouped[N int | uint64](n N) string {
	s := strconv.FormatUint(uint64(n), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

type jsonWarning struct {
	Code      string `json:"code"`
	Called    string `json:"called,omitempty"`
	Name      string `json:"name,omitempty"`
	By        string `json:"by,omitempty"`
	AtRequest bool   `json:"at_request,omitempty"`
	Text      string `json:"text"`
}

type jsonReport struct {
	SizeBefore         int           `json:"size_before"`
	SizeAfter          int           `json:"size_after"`
	MemoryPages        int           `json:"memory_pages"`
	Segments           int           `json:"segments"`
	Reactor            bool          `json:"reactor"`
	InstructionsBefore *uint64       `json:"instructions_before"`
	InstructionsAfter  *uint64       `json:"instructions_after"`
	Initialisation     *uint64       `json:"instructions_of_initialisation"`
	NotCounted         string        `json:"not_counted,omitempty"`
	Touched            int           `json:"pages_touched_first"`
	NotRehearsed       string        `json:"not_rehearsed,omitempty"`
	Warnings           []jsonWarning `json:"warnings"`
}

func (r *report) printJSON(w io.Writer) error {
	out := jsonReport{
		SizeBefore: r.SizeBefore, SizeAfter: r.SizeAfter, MemoryPages: r.MemoryPages, Segments: r.Segments, Reactor: r.Reactor,
		NotCounted: r.NotCounted, Touched: r.WrittenFirst + r.ReadFirst, Warnings: []jsonWarning{},
	}
	if g := r.Instructions; g != nil {
		out.Initialisation = &g.Initialisation
		if r.NotRehearsed == nil {
			out.InstructionsBefore, out.InstructionsAfter = &g.Before, &g.After
		}
	}
	if r.NotRehearsed != nil {
		out.NotRehearsed = r.NotRehearsed.Error()
	}
	for _, v := range r.Warnings {
		out.Warnings = append(out.Warnings, jsonWarning{string(v.Code), v.Called, v.Name, v.By, v.AtRequest, v.String()})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
