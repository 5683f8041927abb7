package main

import (
	"time"
	"unsafe"

	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/core/verdict"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// hot is all that a click writes to, but for the stack:
//
//	| more      what few sites have, 4,600 bytes
//	| links     what is learned of a link
//	| network   what the platform says of who asks, for sites that want it
//	| -
//	| text      environment, URI, header names and values, secret,
//	| …         destination and log line, one behind another: 900 to 1,300 bytes
//	| …         of a usual click, 22,000 of one with a URI of 8 KiB
//	| -         a page begins somewhere in text: from here on text is used first,
//	|           and then from its beginning on
//	| table     where the sites are, some 100 bytes
//	| epoch     the beginning of 1970: time.Unix reads a variable of its package
//	| exchange  what is known of the request and its answer, some 1,200
//	| site      the site of the request, some 400
//	| -         hot ends here, at the end of all variables with pointers; the
//	|           flag of the write barrier, which each store of a pointer reads,
//	|           is 700 bytes behind it
//
// It is one variable, since a click pays for each page of memory that it writes
// to, and for each 64 KiB in which it reads first: usually it writes to one
// page here. What is not here, and is read, are constants: nothing else that
// a click needs may be made while the guest is initialised.
//
// Where a page begins follows from all variables of the program, and the linker
// cannot be asked for it: before fits table and all that follows, the flag
// included, into one page, with some 50 bytes behind the flag. Of what is left
// of that page for text, a usual signed click leaves 400 bytes, a proxied one
// 40. Where the flag is in the next page, or text does not fit, a click pays for
// one page more. bench/budget.json fails then, and profile -pages of the bench
// shows which page it is.
//
// A sandbox handles one request at a time. As a variable nothing of this is
// allocated.
//
// Plain: +7,651 instructions a click of any kind, with a text from make.
var hot struct {
	more    sitetable.More
	links   links
	network verdict.Network
	_       [before]byte
	text    [32 << 10]byte
	table   table
	epoch   time.Time
	exchange
	site sitetable.Space
}

const before = 3392 // a multiple of eight, so that table follows text

// memoryPage is what is copied when it is first written to.
const memoryPage = 4 << 10

func init() {
	hot.site.More = &hot.more
	hot.epoch = time.Unix(0, 0)
	hot.exchange.buf = hostcall.NewBuffer(textPieces())
}

// textPieces returns text in the order in which it is used.
func textPieces() (first, second []byte) {
	at := max(0, len(hot.text)-int(uintptr(unsafe.Pointer(&hot.table))%memoryPage))
	return hot.text[at:], hot.text[:at:at] // what is appended to the second must not run into the first
}
