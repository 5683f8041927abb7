package core

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// RecordVersion is the version of the click log's schema (spec/click-log.md). A
// member is only ever added within a version.
const RecordVersion = 1

// Record is one line of the click log. It never holds a path, a query, a
// recipient or a reader's address.
type Record struct {
	Time        time.Time
	RequestID   string
	Host        string // as the reader asked for it, cut at 255 bytes
	ESP         string // the site's preset; "" where no site was found
	Kind        Kind
	Method      string // cut at 16 bytes
	Action      Action
	Code        Code
	Status      int    // what the reader got
	Destination string // host of the Location that the reader got; "" for none
	ID          string // id of a link of one's own, as it stands in the link
	KeyID       string // key of a link of one's own whose tag is right
	Expiry      int64  // its last minute, as Link has it; 0 for none
	// Origin is what the ESP answered: its status, 0 where it was not asked or
	// gave none.
	OriginStatus int
	// OriginError says why the ESP gave no answer: "connection_refused", …
	OriginError string
	// SecondOrigin says what came of the second origin, where the first was never
	// reached: "answered", or why it gave no answer either.
	SecondOrigin string
	// Missed says that the ESP has not counted this request: "yes" where it was
	// never reached, "maybe" where it was and did not answer as it should.
	Missed string
	// Agrees says of a click that was answered from the link whether the ESP's
	// own Location was the same: "yes", "no", or "" where it gave no answer.
	Agrees string
	// OriginDestination is the host of the ESP's Location where it does not
	// agree; "" for none.
	OriginDestination string
	// Verdict says who made a click or an open, where Judged.
	Verdict Verdict
	Judged  bool
	// Override is "used" where the config store's site stood in for that of
	// sites.json, and "invalid" where it could not.
	Override string
	// Micros is the time from entry to the answer's departure, in microseconds.
	Micros int64
	// VCPU is the CPU time used, in milliseconds, as the platform counts it, where
	// the ESP was asked.
	VCPU int64
	// Version of the service.
	Version string
}

// AppendJSON appends the record as one line of NDJSON, newline included.
func (r *Record) AppendJSON(dst []byte) []byte {
	dst = append(dst, recordHead...)
	dst = appendTime(dst, r.Time)
	dst = append(dst, '"')
	dst = appendMember(dst, `,"request":"`, r.RequestID)
	dst = appendMember(dst, `,"host":"`, cut(r.Host, 255))
	dst = appendMember(dst, `,"esp":"`, r.ESP)
	dst = appendMember(dst, `,"kind":"`, r.Kind.String())
	dst = appendMember(dst, `,"method":"`, cut(r.Method, 16))
	dst = appendMember(dst, `,"action":"`, r.Action.String())
	dst = appendMember(dst, `,"code":"`, string(r.Code))
	dst = appendNumber(dst, `,"status":`, int64(r.Status))
	dst = appendMember(dst, `,"destination":"`, r.Destination)
	dst = appendOptional(dst, `,"id":"`, r.ID)
	dst = appendOptional(dst, `,"kid":"`, r.KeyID)
	if r.Expiry != 0 {
		dst = appendNumber(dst, `,"exp":`, r.Expiry*60)
	}
	dst = r.appendOrigin(dst)
	if r.Judged {
		dst = r.Verdict.appendMembers(dst)
	}
	dst = appendOptional(dst, `,"override":"`, r.Override)
	dst = appendNumber(dst, `,"us":`, r.Micros)
	dst = appendMember(dst, `,"version":"`, r.Version)
	return append(dst, '}', '\n')
}

var recordHead = `{"v":` + strconv.Itoa(RecordVersion) + `,"time":"`

// appendOrigin appends what there is to say of the ESP, where it was asked.
func (r *Record) appendOrigin(dst []byte) []byte {
	if r.OriginStatus != 0 {
		dst = appendNumber(dst, `,"origin_status":`, int64(r.OriginStatus))
	}
	dst = appendOptional(dst, `,"origin_error":"`, r.OriginError)
	dst = appendOptional(dst, `,"second_origin":"`, r.SecondOrigin)
	dst = appendOptional(dst, `,"missed":"`, r.Missed)
	dst = appendOptional(dst, `,"agrees":"`, r.Agrees)
	dst = appendOptional(dst, `,"origin_destination":"`, r.OriginDestination)
	if r.OriginStatus != 0 || r.OriginError != "" {
		dst = appendNumber(dst, `,"vcpu_ms":`, r.VCPU)
	}
	return dst
}

// appendMembers appends the verdict. Its names are ours or of the list of agents,
// so the reasons need no escapes; Fastly's name of a bot may.
func (v Verdict) appendMembers(dst []byte) []byte {
	dst = appendMember(dst, `,"verdict":"`, v.Who.String())
	dst = append(dst, `,"reasons":"`...)
	dst = append(v.AppendReasons(dst), '"')
	return appendOptional(dst, `,"agent":"`, cut(v.Agent, 64))
}

// appendMember appends a member whose value is a string. What comes before the
// value is one constant, so that it is one copy.
func appendMember(dst []byte, before, value string) []byte {
	return append(appendString(append(dst, before...), value), '"')
}

func appendOptional(dst []byte, before, value string) []byte {
	if value == "" {
		return dst
	}
	return appendMember(dst, before, value)
}

func appendNumber(dst []byte, before string, value int64) []byte {
	return strconv.AppendInt(append(dst, before...), value, 10)
}

// appendTime appends a time in UTC as RFC 3339 with milliseconds. The year has
// four digits.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendDigits(appendDigits(dst, year/100), year%100)
	dst = appendDigits(append(dst, '-'), int(month))
	dst = appendDigits(append(dst, '-'), day)
	dst = appendDigits(append(dst, 'T'), hour)
	dst = appendDigits(append(dst, ':'), minute)
	dst = appendDigits(append(dst, ':'), second)
	ms := t.Nanosecond() / 1e6
	return append(appendDigits(append(dst, '.'), ms/10), byte('0'+ms%10), 'Z')
}

// appendDigits appends a number below 100 as two digits.
func appendDigits(dst []byte, n int) []byte { return append(dst, byte('0'+n/10%10), byte('0'+n%10)) }

const hex = "0123456789abcdef"

// appendString appends the inside of a JSON string. Bytes that are not UTF-8
// become U+FFFD, so that a line is valid whatever a client sent; U+2028 and
// U+2029 need no escape in JSON.
func appendString(dst []byte, s string) []byte {
	all := uint8(plainByte)
	for i := 0; i < len(s); i++ {
		all &= byteKinds[s[i]]
	}
	if all != 0 { // as a rule
		return append(dst, s...)
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return dst
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
