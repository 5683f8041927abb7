package wattest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The bytes were put together by hand.
func TestAssemble(t *testing.T) {
	const want = "\x00asm\x01\x00\x00\x00" +
		"\x01\x16\x04\x60\x01\x7f\x01\x7f\x60\x02\x7f\x7f\x01\x7f\x60\x03\x7f\x7f\x7f\x01\x7f\x60\x00\x00" +
		"\x02\x70\x04\x10fastly_http_resp\x03new\x00\x00\x10fastly_http_resp\x0astatus_set\x00\x01" +
		"\x10fastly_http_body\x03new\x00\x00\x10fastly_http_resp\x0fsend_downstream\x00\x02" +
		"\x03\x02\x01\x03\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x04" +
		"\x0a\x2c\x01\x2a\x00\x41\x00\x10\x00\x1a\x41\x04\x10\x02\x1a\x41\x00\x28\x02\x00\x41\xcc\x01\x10\x01\x1a" +
		"\x41\x00\x28\x02\x00\x41\x00\x28\x02\x04\x41\x00\x10\x03\x1a\x02\x40\x0b\x01\x0b"
	have, err := Assemble(`(module ;; an answer of 204
  (import "fastly_http_resp" "new" (func $resp (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func (param i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $resp (i32.const 0))) (drop (call $body (i32.const 0x4)))
    i32.const 0 i32.load i32.const 204 call 1 drop (; flat ;)
    (drop (call $send (i32.load (i32.const 0)) (i32.load offset=4 (i32.const 0)) (i32.const 0)))
    block $b end nop))`)
	require.NoError(t, err)
	require.Equal(t, want, string(have))
}

func TestAssembleRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "want (module",
		"(module":                                "not closed",
		"(module) x":                             "text after",
		"(module (import \"a\"))":                "want (import",
		"(module (nonsense))":                    `field "nonsense"`,
		"(module (func (frob)))":                 `instruction "frob"`,
		"(module\n(func (br $nowhere)))":         `line 2: label "$nowhere"`,
		"(module (func (call $nothing)))":        `"$nothing" is not known`,
		"(module (func (i32.const 5000000000)))": "not a 32-bit number",
		"(module (func (local i33)))":            `type "i33"`,
		"(module (data (i32.const 0) \"\\q\"))":  "escape",
		"(module (memory))":                      "limits",
	} {
		_, err := Assemble(text)
		require.ErrorContains(t, err, want, text)
	}
}
