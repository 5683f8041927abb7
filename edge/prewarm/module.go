package prewarm

import (
	"context"
	"slices"
)

// Report says what [Module] made.
type Report struct {
	// SizeBefore and SizeAfter are the lengths of the two modules, in bytes.
	SizeBefore, SizeAfter int
	// MemoryPages is the memory that the new module starts with, in pages of 64
	// KiB.
	MemoryPages int
	// Segments is the number of data segments, and SegmentBytes the number of
	// bytes in them.
	Segments, SegmentBytes int
	// Globals is the number of mutable globals whose values were kept.
	Globals int
	// WrittenFirst and ReadFirst are the numbers of pages of 4 KiB that the
	// entry writes to and reads first, since a rehearsal has shown that it
	// pays.
	WrittenFirst, ReadFirst int
	// NotRehearsed says why no page is touched first: a rehearsal failed. It is
	// nil if none did.
	NotRehearsed error
	// Warnings are what the guest read too early, in the order in which it did.
	Warnings []Warning
}

// warn adds what is not there yet.
func (r *Report) warn(warnings []Warning) {
	for _, w := range warnings {
		if !slices.Contains(r.Warnings, w) {
			r.Warnings = append(r.Warnings, w)
		}
	}
}

// Module initialises a reactor and returns a module that continues where
// initialisation ended, when its _start is called. The same reactor and options
// give the same bytes on every machine.
//
// All errors are of type [*Error]; with an error there is no module. ctx can
// end a guest that does not return. Module may be called from several
// goroutines at once. It needs a few times the memory of the guest.
func Module(ctx context.Context, reactor []byte, opt Options) (out []byte, rep Report, err error) {
	opt, err = opt.withDefaults()
	if err != nil {
		return nil, Report{}, err
	}
	opt.step("reading %d bytes", len(reactor))
	r, err := inspect(reactor, opt)
	if err != nil {
		return nil, Report{}, err
	}
	opt.step("running the initialisation")
	snap, err := r.run(ctx, engine(opt), opt)
	if err != nil {
		return nil, Report{}, err
	}
	rep = snap.report(len(reactor))
	if out, err = snap.rehearsed(ctx, r.rewrite(snap, opt), opt, &rep); err != nil {
		return nil, Report{}, err
	}
	rep.SizeAfter = len(out)
	return out, rep, nil
}
