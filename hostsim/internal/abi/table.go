package abi

type hostCall func(*frame)

type signature struct{ module, name, params string }

// Function is one host call of the ABI.
type Function struct {
	Module, Name string
	// Params has one letter per core parameter: i for i32, I for i64. The result is always one i32.
	Params string
	call   hostCall
}

// Functions lists all host calls. Those that this host does not model answer unsupported.
func Functions() []*Function { return functions }

// Lookup returns a host call, or nil when the ABI has none of that name.
func Lookup(module, name string) *Function { return byName[module+"."+name] }

// Modelled reports whether the call does more than answer unsupported.
func (f *Function) Modelled() bool { return calls[f.Module][f.Name] != nil }

var functions, byName = buildTable()

func buildTable() ([]*Function, map[string]*Function) {
	list, index := make([]*Function, 0, len(signatures)), make(map[string]*Function, len(signatures))
	for _, sig := range signatures {
		call := calls[sig.module][sig.name]
		if call == nil {
			call = unsupported
		}
		fn := &Function{Module: sig.module, Name: sig.name, Params: sig.params, call: call}
		list = append(list, fn)
		index[sig.module+"."+sig.name] = fn
	}
	return list, index
}
