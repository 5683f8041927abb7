package abi

import (
	_ "embed"
	"strings"
)

// hostcalls.txt lists every host call with the names of its parameters and what
// they are: t a text as (address, length), l a list of handles as (address,
// length), p an address, v a value, w a value of 64 bits, o the address of a
// result, of 32 bits unless a digit says how many bytes. After p stands what is
// there, where a trace can show it: a digit for a number that the call writes,
// of so many bytes; s for one of 64 bits with a sign; b for bytes that the call
// writes and i for the octets of an IP address; n, after p or o, for how many
// of them; a for the octets of an address that the guest gives. Every host call
// returns one i32, the status. The order is that of the witx files in
// github.com/fastly/Viceroy, wasm_abi/compute-at-edge-abi.
//
//go:embed hostcalls.txt
var hostCallsText string

type hostCall func(*frame)

// Function is one host call of the ABI.
type Function struct {
	Module, Name string
	// Params has one letter per core parameter: i for i32, I for i64. The
	// result is always one i32.
	Params string
	// Parameters are those of the witx, in order. They must not be changed.
	Parameters []Parameter
	call       hostCall
}

// Parameter is one parameter of a host call as the witx has it.
type Parameter struct {
	Name string
	Kind byte // as in hostcalls.txt: t, l, p, v, w or o
	Form byte // the second letter there, 4 for o alone, or 0
	At   int  // index of its first core argument; t and l take two
}

// Functions lists all host calls. Those that this host does not model answer
// unsupported.
func Functions() []*Function { return functions }

// Lookup returns a host call, or nil when the ABI has none of that name.
func Lookup(module, name string) *Function { return byName[module+"."+name] }

var functions, byName = buildTable()

func buildTable() (list []*Function, index map[string]*Function) {
	index = map[string]*Function{}
	for line := range strings.Lines(hostCallsText) {
		fields := strings.Fields(line)
		fn := &Function{}
		fn.Module, fn.Name, _ = strings.Cut(fields[0], ".")
		for _, field := range fields[1:] {
			fn.addParameter(field)
		}
		if fn.call = implementation(fn.Module, fn.Name); fn.call == nil {
			fn.call = unsupported
		}
		list = append(list, fn)
		index[fields[0]] = fn
	}
	return list, index
}

var coreParams = map[string]string{"t": "ii", "l": "ii", "p": "i", "v": "i", "w": "I", "o": "i"}

// addParameter adds one of hostcalls.txt, for example "buf:pb".
func (f *Function) addParameter(text string) {
	name, kind, _ := strings.Cut(text, ":")
	p := Parameter{Name: name, Kind: kind[0], At: len(f.Params)}
	if kind == "o" {
		p.Form = '4'
	} else if len(kind) > 1 {
		p.Form = kind[1]
	}
	f.Parameters = append(f.Parameters, p)
	f.Params += coreParams[kind[:1]]
}
