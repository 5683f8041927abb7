package clicklog

import "github.com/clickedge/clickedge/deploy/input"

// Read gives every line of these files of the click log to take, which reads
// them with r; "-" is standard input. What gzip has packed is unpacked.
func Read(in *input.Input, names []string, r *Reader, take func(line []byte)) error {
	for _, name := range names {
		if err := readFile(in, name, take); err != nil {
			return err
		}
	}
	return r.Check()
}

func readFile(in *input.Input, name string, take func([]byte)) error {
	const what, hint = "the click log", `name a file of it, or "-" for standard input`
	r, err := in.Open(what, name, hint)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := Lines(r, take); err != nil {
		return input.Failure(what, err, hint)
	}
	return nil
}
