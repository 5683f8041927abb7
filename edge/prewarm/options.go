package prewarm

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Options says how a reactor becomes a module. The zero value works: it takes
// the export "serve", without files, environment or arguments.
type Options struct {
	// Entry is the export that becomes _start; "serve" if empty. It takes
	// nothing and returns nothing.
	Entry string
	// Reactor leaves the module a reactor, as a host with plugins wants it:
	// every export keeps its name, _initialize does nothing any more, and Entry
	// and Rehearsals must be empty.
	Reactor bool
	// KeepEntry has the entry keep its own name beside _start.
	KeepEntry bool
	// Warmup is an export that is called once after _initialize, if not empty:
	// the place for work that needs the runtime to be up, such as running the
	// handler's code once. It is removed from the module. A call of runtime.GC
	// is better left out: each request then sweeps what the collector has
	// freed, and touches a third more pages.
	Warmup string
	// Room is an export that makes room for what [Fill] puts into the finished
	// module, if not empty. It is called once, after Warmup, with the number of
	// bytes that are wanted, and returns the address of as many, all zero and
	// kept as long as the module: func(size uint32) unsafe.Pointer. It is
	// removed from the module.
	Room string
	// Sign is an export that says where Fill puts the beginning of what is in the
	// room once more, if not empty: the address of SignSize bytes, all zero and
	// kept as long as the module: func() unsafe.Pointer. So a guest whose table
	// has its measures there, and stands beside what each request touches, reads
	// only those pages of the room that it looks something up in. It then writes
	// to these first itself: the entry leaves the room alone, since another
	// request looks elsewhere. It is called after Room, and removed.
	Sign string
	// RoomSize is the most that Fill will be able to put there, in bytes. Zeros
	// cost nothing in the module's file, but they are part of the memory that a
	// sandbox begins with.
	RoomSize uint32
	// Files are what the guest finds below "/" while it is being initialised,
	// by slash-separated relative path, such as "sites.json". Nothing else is
	// there, and nothing can be written. Without files there is no directory
	// either.
	Files map[string][]byte
	// Env is the guest's environment while it is being initialised, and what
	// os.Getenv says ever after.
	Env map[string]string
	// Args is what os.Args says ever after; without it, it is empty.
	Args []string
	// Stdout and Stderr receive what the guest writes while it is being
	// initialised; nil discards it. What was written to standard error is also
	// part of the error when initialisation fails.
	Stdout, Stderr io.Writer
	// Progress is told what is being done, if not nil; the texts are for people.
	Progress func(step string)
	// MaxPages is the most memory that the guest may have, in pages of 64 KiB;
	// 2048, the 128 MiB of a Compute sandbox, if 0.
	MaxPages uint32
	// KeepNames keeps the "name" section, which profilers and stack traces
	// read. Debug information always goes.
	KeepNames bool
	// Rehearsals are requests with which the finished module is tried, so that
	// its entry writes first to the pages that they touch; a plain GET if nil.
	// At most eight. What they show should be what most requests do.
	Rehearsals []Rehearsal
	// NoRehearsal leaves that out: for a guest whose requests have nothing in
	// common, and for comparing.
	NoRehearsal bool
}

const (
	defaultEntry    = "serve"
	defaultMaxPages = 2048
	// largestMaxPages is one page less than 4 GiB, so that sizes in bytes fit
	// in 32 bits.
	largestMaxPages = 1<<16 - 1
)

// withDefaults fills in what was left empty and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Reactor && (o.Entry != "" || o.Rehearsals != nil) {
		return o, refuse(BadOption, "a module that stays a reactor has no entry and no rehearsals")
	}
	if o.Entry == "" && !o.Reactor {
		o.Entry = defaultEntry
	}
	o.NoRehearsal = o.NoRehearsal || o.Reactor
	if o.MaxPages == 0 {
		o.MaxPages = defaultMaxPages
	}
	if o.Rehearsals == nil {
		o.Rehearsals = []Rehearsal{{Name: "plain GET"}}
	}
	if len(o.Rehearsals) > mostRehearsals {
		return o, refuse(BadOption, "%d rehearsals: the most is %d", len(o.Rehearsals), mostRehearsals)
	}
	if o.MaxPages > largestMaxPages {
		return o, refuse(BadOption, "MaxPages is %d: the most is %d", o.MaxPages, largestMaxPages)
	}
	if reserved(o.Entry) || reserved(o.Warmup) || o.Entry != "" && o.Entry == o.Warmup {
		return o, refuse(BadOption, "entry %q and warm-up %q must be two exports other than %s and %s",
			o.Entry, o.Warmup, initExport, startExport)
	}
	if o.Room != "" && (reserved(o.Room) || o.Room == o.Entry || o.Room == o.Warmup) {
		return o, refuse(BadOption, "room %q must be an export other than entry, warm-up, %s and %s", o.Room, initExport, startExport)
	}
	if o.Sign != "" && (o.Room == "" || reserved(o.Sign) || slices.Contains([]string{o.Room, o.Entry, o.Warmup}, o.Sign)) {
		return o, refuse(BadOption, "sign %q must be an export other than entry, warm-up, room, %s and %s, beside a room", o.Sign, initExport, startExport)
	}
	if o.Room == "" && o.RoomSize != 0 || uint64(o.RoomSize) > uint64(o.MaxPages)*pageSize-roomHead {
		return o, refuse(BadOption, "RoomSize is %d: it needs an export that makes the room, and MaxPages that hold it", o.RoomSize)
	}
	return o, o.checkWorld()
}

func (o Options) step(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

func reserved(export string) bool { return export == initExport || export == startExport }

// checkWorld checks files, environment and arguments. A NUL would end a string
// early in the guest.
func (o Options) checkWorld() error {
	for _, name := range slices.Sorted(maps.Keys(o.Files)) {
		if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\x00\\") {
			return refuse(BadOption, "file %q: want a relative path with slashes, without . and ..", name)
		}
		if parent := fileAbove(o.Files, name); parent != "" {
			return refuse(BadOption, "file %q lies below %q, which is a file too", name, parent)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o.Env)) {
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.Contains(o.Env[key], "\x00") {
			return refuse(BadOption, "environment variable %q: the name is empty or has =, or there is a NUL", key)
		}
	}
	for _, arg := range o.Args {
		if strings.Contains(arg, "\x00") {
			return refuse(BadOption, "argument %q has a NUL", arg)
		}
	}
	return nil
}

func fileAbove(files map[string][]byte, name string) string {
	for i := range name {
		if _, ok := files[name[:i]]; ok && name[i] == '/' {
			return name[:i]
		}
	}
	return ""
}
