package main

import (
	"time"

	"github.com/clickedge/clickedge/core/sitetable"
)

// hot is all that a click writes to, but for the stack:
//
//	          | more      what few sites have, 4,500 bytes
//	          | -         a page begins
//	page    1 | text      environment, URI, header names and values, secret,
//	        … |           destination and log line, one behind another: some
//	          |           2,000 bytes of a usual click, 22,000 of one with a URI
//	          |           of 8 KiB
//	last page | table     where the sites are, some 100 bytes
//	          | epoch     the beginning of 1970: time.Unix reads a variable of
//	          |           its package
//	          | exchange  what is known of the request and its answer, some 1,400
//	          | site      the site of the request, some 600
//	          | -         hot ends here, at the end of all variables with
//	          |           pointers; behind it is the flag of the write barrier,
//	          |           which each store of a pointer reads
//
// It is one variable, since a click pays for each page of memory that it writes
// to, and for each 64 KiB in which it reads first: usually it writes to two
// pages here. What is not here, and is read, are constants: nothing else that
// a click needs may be made while the guest is initialised.
//
// Where a page begins follows from all variables of the program, and the linker
// cannot be asked for it: before fits the last part into its page, with some
// 700 bytes of play on both sides, and text, 32 KiB before it, into another.
// bench/budget.json fails when it no longer does.
//
// A sandbox handles one request at a time. As a variable nothing of this is
// allocated.
//
// Plain: +7,651 instructions a click of any kind, with a text from make.
var hot struct {
	more  sitetable.More
	_     [before]byte
	text  [32 << 10]byte
	table table
	epoch time.Time
	exchange
	site sitetable.Space
}

const before = 438

func init() {
	hot.site.More = &hot.more
	hot.epoch = time.Unix(0, 0)
}
