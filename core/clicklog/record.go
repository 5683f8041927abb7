// Package clicklog writes the lines of the click log. core/spec/click-log.md
// describes their members. A line is written for every click, and allocates
// nothing if the buffer is large enough.
package clicklog

import (
	"cmp"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/loghash"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
)

// Version is the version of the click log's schema (spec/click-log.md). Within
// a version members are only added.
const Version = 1

// Record is one line of the click log. It never holds a path, a query, a
// recipient or a reader's address.
type Record struct {
	Time        time.Time
	RequestID   string
	Host        string // as the reader asked for it, cut at 255 bytes
	ESP         string // the site's preset; "" where no site was found
	Kind        esp.Kind
	Method      string // cut at 16 bytes
	Action      core.Action
	Code        outcome.Code
	Status      int       // what the reader got
	Destination string    // host of the Location that the reader got; "" for none
	Reading     esp.Grade // how sure that is, where an ESP's link was read for it
	ID          string    // id of a signed link, as it stands in the link
	KeyID       string    // key of a signed link whose tag is right
	Expiry      int64     // its last minute, as Link has it; 0 for none
	// OriginStatus is the status of the ESP's answer; 0 if it was not asked or
	// did not answer.
	OriginStatus int
	// OriginError says why the ESP gave no answer: "connection_refused", …
	OriginError string
	// SecondOrigin is the result of trying the second origin, if the first was
	// never reached: "answered", or why it gave no answer either.
	SecondOrigin string
	// Missed says whether the ESP has missed this request in its counts: "yes"
	// if it was never reached, "maybe" if it was reached and failed.
	Missed string
	// Agrees says, for a click that was redirected from the link, whether the
	// ESP's own Location was the same: "yes", "no", or "" if it gave no answer.
	Agrees string
	// OriginDestination is the host of the ESP's Location if it does not agree;
	// "" for none.
	OriginDestination string
	// Verdict says who made a click or an open. It is valid if Judged is true.
	Verdict verdict.Verdict
	Judged  bool
	// Late says that the site has Network or Hashes in its lines, which are asked for
	// when the reader has been answered.
	Late bool
	// Network is what the platform said of the reader's network and connection, if
	// the site asks for it; nil for none.
	Network *verdict.Network
	// Hashes are the keyed hashes of mail, reader and link, if the site has them
	// logged; nil for none.
	Hashes *loghash.Hashes
	// Override is "used" if the site of the config store replaced that of
	// sites.json, and "invalid" if the store has one that is not valid.
	Override string
	// Micros is the time from the start of the request to the sending of the
	// answer, in microseconds. It is not negative.
	Micros int64
	// VCPU is the CPU time used, in milliseconds, as the platform counts it; -1
	// if the platform does not say. It is logged only if the ESP was asked.
	VCPU int64
	// Version of the service.
	Version string
}

// AppendJSON appends the record as one line of NDJSON, newline included. Each
// constant piece also has the closing quote of the string before it, which
// saves an append.
func (r *Record) AppendJSON(dst []byte) []byte {
	dst = appendTime(append(dst, recordHead...), r.Time)
	dst = jsontext.AppendString(append(dst, `","request":"`...), r.RequestID)
	dst = jsontext.AppendString(append(dst, `","host":"`...), r.Host[:min(len(r.Host), 255)])
	dst = append(append(dst, `","esp":"`...), r.ESP...)
	dst = jsontext.AppendString(append(dst, kindPiece(r.Kind)...), r.Method[:min(len(r.Method), 16)])
	dst = append(append(dst, actionPiece(r.Action)...), r.Code...)
	dst = appendNumber(dst, `","status":`, uint64(r.Status))
	dst = jsontext.AppendString(append(dst, `,"destination":"`...), r.Destination)
	if r.Reading != esp.Unread {
		dst = append(dst, readingPiece(r.Reading)...)
	}
	dst = append(dst, '"')
	if r.ID != "" || r.KeyID != "" || r.Expiry != 0 {
		dst = r.appendLink(dst)
	}
	if r.OriginStatus|len(r.OriginError)|len(r.SecondOrigin)|len(r.Missed)|len(r.Agrees)|len(r.OriginDestination) != 0 {
		dst = r.appendOrigin(dst)
	}
	if r.Judged {
		dst = appendVerdict(dst, &r.Verdict)
	}
	if r.Late {
		dst = r.appendLate(dst)
	}
	if r.Override != "" {
		dst = jsontext.AppendMember(dst, `,"override":"`, r.Override)
	}
	dst = appendNumber(dst, `,"us":`, uint64(r.Micros))
	dst = jsontext.AppendString(append(dst, `,"version":"`...), r.Version)
	return append(dst, "\"}\n"...)
}

// appendLink appends the members of a signed link.
func (r *Record) appendLink(dst []byte) []byte {
	dst = appendOptional(dst, `,"id":"`, r.ID)
	dst = appendOptional(dst, `,"kid":"`, r.KeyID)
	if r.Expiry != 0 {
		dst = appendNumber(dst, `,"exp":`, uint64(r.Expiry)*60)
	}
	return dst
}

// appendOrigin appends the members about the ESP, if it was asked.
func (r *Record) appendOrigin(dst []byte) []byte {
	if r.OriginStatus != 0 {
		dst = appendNumber(dst, `,"origin_status":`, uint64(r.OriginStatus))
	}
	if len(r.OriginError)|len(r.SecondOrigin)|len(r.Missed)|len(r.Agrees)|len(r.OriginDestination) != 0 {
		dst = r.appendFailure(dst)
	}
	switch {
	case r.OriginStatus == 0 && r.OriginError == "": // it was not asked
	case r.VCPU < 0:
		dst = append(dst, `,"vcpu_ms":-1`...)
	default:
		dst = appendNumber(dst, `,"vcpu_ms":`, uint64(r.VCPU))
	}
	return dst
}

// appendFailure appends the members about a failure, and the comparison with
// the ESP's Location.
func (r *Record) appendFailure(dst []byte) []byte {
	dst = appendOptional(dst, `,"origin_error":"`, r.OriginError)
	dst = appendOptional(dst, `,"second_origin":"`, r.SecondOrigin)
	dst = appendOptional(dst, `,"missed":"`, r.Missed)
	dst = appendOptional(dst, `,"agrees":"`, r.Agrees)
	return appendOptional(dst, `,"origin_destination":"`, r.OriginDestination)
}

// appendVerdict appends the verdict. Its names are ours or of the list of
// agents, so the reasons need no escapes; Fastly's name of a bot may.
func appendVerdict(dst []byte, v *verdict.Verdict) []byte {
	dst = append(v.AppendReasons(append(dst, whoPiece(v.Who)...)), '"')
	return appendOptional(dst, `,"agent":"`, v.Agent[:min(len(v.Agent), 64)])
}

// appendLate appends what was asked for after the answer.
//
//go:noinline
func (r *Record) appendLate(dst []byte) []byte {
	if r.Network != nil {
		dst = appendNetwork(dst, r.Network, r.Verdict.Network.String())
	}
	if r.Hashes != nil {
		dst = appendHashes(dst, r.Hashes)
	}
	return dst
}

// Fingerprints that are longer are cut: a JA4 has 36 bytes.
const maxJA4, maxH2 = 64, 128

// appendNetwork appends what the platform has said. row is the name in the table
// of networks. Another's text is escaped, and what is not known is left out.
func appendNetwork(dst []byte, n *verdict.Network, row string) []byte {
	if n.AS != 0 {
		dst = appendNumber(dst, `,"asn":`, uint64(n.AS))
	}
	dst = appendLong(dst, `,"network":"`, row, len(row))
	if n.ProxyType != "" || n.ProxyDescription != "" {
		dst = appendLong(dst, `,"proxy":"`, cmp.Or(n.ProxyType, "?")+"/"+cmp.Or(n.ProxyDescription, "?"), maxJA4)
	}
	dst = appendLong(dst, `,"ja4":"`, n.JA4, maxJA4)
	return appendLong(dst, `,"h2":"`, n.H2, maxH2)
}

// appendLong is appendOptional for a value that is cut. It stands alone, or the
// module would be larger by kilobytes.
//
//go:noinline
func appendLong(dst []byte, before, value string, most int) []byte {
	return appendOptional(dst, before, value[:min(len(value), most)])
}

// appendHashes appends the hashes that there are.
func appendHashes(dst []byte, h *loghash.Hashes) []byte {
	dst = appendHash(dst, `,"mail_hash":"`, h.Mail)
	dst = appendHash(dst, `,"reader_hash":"`, h.Reader)
	return appendHash(dst, `,"link_hash":"`, h.Link)
}

// appendHash stands alone, or the module would be larger by kilobytes.
//
//go:noinline
func appendHash(dst []byte, before string, h loghash.Sum) []byte {
	if h == 0 {
		return dst
	}
	return append(h.Append(append(dst, before...)), '"')
}

func appendOptional(dst []byte, before, value string) []byte {
	if value == "" {
		return dst
	}
	return jsontext.AppendMember(dst, before, value)
}

func appendNumber(dst []byte, before string, value uint64) []byte {
	return strconv.AppendUint(append(dst, before...), value, 10)
}

const (
	daySeconds = 24 * 60 * 60
	// marchOfZero is the first of March of the year 0, in days before 1970. If
	// years begin in March, the leap day is their last day.
	marchOfZero = 719_468
	eraDays     = 146_097 // 400 years
)

// appendTime appends a time in UTC as RFC 3339 with milliseconds. Its
// arithmetic is that of "chrono-Compatible Low-Level Date Algorithms" by Howard
// Hinnant. It uses 32-bit numbers, since a 64-bit division takes forty
// instructions in WebAssembly. The year has four digits: times before the year
// 0 and after 9999 are wrong.
//
// Plain: +8,501 instructions a click of any kind, by time's AppendFormat. With
// numbers of 64 bits alone: +884.
func appendTime(dst []byte, t time.Time) []byte {
	seconds := uint64(t.Unix() + marchOfZero*daySeconds)
	day := uint32(seconds / daySeconds)
	second := uint32(seconds - uint64(day)*daySeconds)
	inEra := day % eraDays
	year := (inEra - inEra/1460 + inEra/36_524 - inEra/146_096) / 365
	inYear := inEra - (365*year + year/4 - year/100)
	month := (5*inYear + 2) / 153 // 0 is March
	inMonth := inYear - (153*month+2)/5 + 1
	year += day / eraDays * 400
	if month += 3; month > 12 {
		month, year = month-12, year+1
	}
	ms := uint32(t.Nanosecond()) / 1e6
	minute := second / 60
	hour := minute / 60
	second, minute = second-minute*60, minute-hour*60
	return append(dst, digit(year/1000), digit(year/100), digit(year/10), digit(year), '-', digit(month/10), digit(month), '-',
		digit(inMonth/10), digit(inMonth), 'T', digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':',
		digit(second/10), digit(second), '.', digit(ms/100), digit(ms/10), digit(ms), 'Z')
}

// digit is the last digit of n.
func digit(n uint32) byte { return byte('0' + n%10) }
