package keyring

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Want says which secrets a command needs, and where they may be.
type Want struct {
	// Files are key files: FILE, or KID=FILE to say whose secret a nameless one
	// holds. "-" is standard input.
	Files []string
	// IDs are the key ids that can be meant: those of the site.
	IDs []string
	// Others: secrets with an id that is not in IDs are taken too, but never
	// secrets without an id.
	Others bool
	// Exact is the id that the command line names with --kid; "" for none.
	Exact string
	// Need are the ids whose environment variables are read; nil is all of IDs.
	Need []string
	// Known are further ids that the operator has, such as those of other
	// sites. A secret without an id in a file named after one of them is not
	// taken for another key.
	Known []string
	// Who names what the IDs belong to, as "site link.example.com", for
	// messages.
	Who string
}

// Resolve collects the secrets from files, standard input and environment. It
// fails if a secret's id is not certain, or if two sources disagree about an
// id. The error is an [*Error], or that of [Source.Read].
func Resolve(src *Source, w Want) (*Ring, error) {
	w.Known = slices.Concat(w.IDs, w.Known)
	r := resolver{src: src, Want: w, ring: NewRing()}
	all, err := src.readAll(w.Files)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if err := r.take(f); err != nil {
			return nil, at(f.from, err)
		}
	}
	for _, step := range []func() error{r.variables, r.shared, r.sharedVariables} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.ring, nil
}

type resolver struct {
	Want
	src  *Source
	ring *Ring
}

// take adds the keys of one file.
func (r *resolver) take(f found) *Error {
	used := false
	for _, k := range f.keys {
		k, err := r.name(k, f)
		if err != nil {
			return err
		}
		if k.ID != f.id && f.id != "" || !r.Others && !slices.Contains(r.IDs, k.ID) {
			continue // of a file of several keys, for another site
		}
		if err := r.put(k, f.from); err != nil {
			return err
		}
		used = true
	}
	ids := idsOf(f.keys)
	switch {
	case used:
		return nil
	case f.id == "":
		return r.unlisted(ids...)
	case slices.Contains(ids, f.id):
		return r.unlisted(f.id)
	}
	return wrong("a secret is never used under another id", "it holds the secret of %s, not of %q", quoted(ids, ", "), f.id)
}

func (r *resolver) unlisted(ids ...string) *Error {
	return wrong("give the file of a key that is meant", "it holds the secret of %s; %s", quoted(ids, ", "), r.meant())
}

// meant says which ids can be meant.
func (r *resolver) meant() string {
	who := cmp.Or(r.Who, "this call")
	if len(r.IDs) == 0 {
		return who + " has no keys"
	}
	return who + " has " + quoted(r.IDs, ", ")
}

// name finds the id of a secret without one, and checks an id against the
// file's name.
func (r *resolver) name(k Key, f found) (Key, *Error) {
	if k.ID != "" {
		return k, r.checkName(k, f)
	}
	if k.ID = r.only(f); k.ID == "" {
		return k, r.nameless(f)
	}
	if !slices.Contains(r.IDs, k.ID) {
		return k, wrong("", "it is given as the secret of %q; %s", k.ID, r.meant())
	}
	if other := otherID(f.file, k.ID, r.Known); f.file != "" && other != "" {
		return k, wrong("if it is not, put the id into the file: "+k.ID+"=…", "its name says that it is the secret of %q, but %q is meant", other, k.ID)
	}
	return k, nil
}

// only is the one id that can be meant.
func (r *resolver) only(f found) string {
	id := cmp.Or(f.id, r.Exact)
	if id == "" && len(r.IDs) == 1 {
		return r.IDs[0]
	}
	return id
}

func (r *resolver) nameless(f found) *Error {
	if len(r.IDs) == 0 {
		return wrong("", "%s", r.meant())
	}
	kid := r.guess(f.file)
	hint := fmt.Sprintf("give %s=%s in place of %[2]s to say it, or put the id into the file, before the secret: %[1]s=…", kid, f.file)
	if f.file == "" {
		hint = fmt.Sprintf("put the id before the secret: %s=…; clickedge keys new --stdout does", kid)
	}
	return wrong(hint, "it does not say whose secret it holds: %s can be meant", quoted(r.IDs, " or "))
}

// guess is an id for a hint's example: the one in the file's name, else the
// first. It is used for nothing else.
func (r *resolver) guess(file string) string {
	for _, kid := range r.IDs {
		if slices.Contains(words(file), kid) {
			return kid
		}
	}
	return r.IDs[0]
}

// checkName compares a key with its file's name. A fingerprint in the file
// proves that it was only renamed; without one, either may be wrong.
func (r *resolver) checkName(k Key, f found) *Error {
	other := otherID(f.file, k.ID, r.Known)
	if f.file == "" || other == "" || len(f.keys) > 1 {
		return nil
	}
	if k.named {
		r.src.warn("%s is named after %q, but holds the secret of %q", f.from, other, k.ID)
		return nil
	}
	return wrong("rename it, or correct what is wrong inside", "it is named after %q, but says that it holds the secret of %q", other, k.ID)
}

// put adds a key. Two sources for one id are refused, even with the same
// secret.
func (r *resolver) put(k Key, from string) *Error {
	if before, ok := r.ring.from[k.ID]; ok {
		what := "another secret"
		if r.ring.keys[k.ID].secret == k.secret {
			what = "the same secret"
		}
		return wrong("give one of them", "it holds the secret of %q, and so does %s: %s", k.ID, before, what)
	}
	r.ring.keys[k.ID], r.ring.from[k.ID] = k, from
	return nil
}

// variables adds the secrets in the environment. A file and a variable may have
// the same secret; if they differ, either may be wrong.
func (r *resolver) variables() error {
	need := r.Need
	if need == nil {
		need = r.IDs
	}
	for _, kid := range need {
		k, ok, err := r.src.variable(kid)
		if err != nil {
			return err
		}
		have, twice := r.ring.keys[kid]
		switch {
		case !ok:
		case !twice:
			r.ring.keys[kid], r.ring.from[kid] = k, EnvName(kid)
		case have.secret != k.secret:
			return &Error{What: fmt.Sprintf("%s and %s hold different secrets of %q, with the fingerprints %s and %s",
				r.ring.from[kid], EnvName(kid), kid, have.Fingerprint(), k.Fingerprint()),
				Hint: "unset " + EnvName(kid) + ", or leave the file out; clickedge keys push has said the fingerprint of what is stored"}
		}
		if name := r.src.misnamed(kid); name != "" && !ok {
			r.src.warn("the environment variable %s is not read: the name is %s", name, EnvName(kid))
		}
	}
	return nil
}

// shared refuses one secret under two ids: one id is wrong, or a key was
// "rotated" to the same secret.
func (r *resolver) shared() error {
	ids := r.ring.IDs()
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			if r.ring.keys[a].secret == r.ring.keys[b].secret {
				return sameSecret(r.ring.from[a], r.ring.from[b], a, b)
			}
		}
	}
	return nil
}

// sharedVariables searches the other variables for a secret that is in the ring
// under another id. Other mistakes in them are not reported.
func (r *resolver) sharedVariables() error {
	for _, kid := range r.IDs {
		k, ok, err := r.src.variable(kid)
		if err != nil || !ok {
			continue
		}
		for _, other := range r.ring.IDs() {
			if other != kid && r.ring.keys[other].secret == k.secret {
				return sameSecret(r.ring.from[other], EnvName(kid), other, kid)
			}
		}
	}
	return nil
}

func sameSecret(from1, from2, a, b string) error {
	return &Error{What: fmt.Sprintf("%s and %s give %q and %q the same secret", from1, from2, a, b),
		Hint: "one of them has the wrong id, or was copied; clickedge keys new makes a secret of its own for each"}
}

// Load reads key files whose ids do not matter, as for a search. A key without
// an id gets the file's name as its id.
func Load(src *Source, files []string) ([]Key, error) {
	all, err := src.readAll(files)
	var keys []Key
	for _, f := range all {
		for _, k := range f.keys {
			if k.ID == "" {
				k.ID = f.from
			}
			keys = append(keys, k)
		}
	}
	return keys, err
}

func idsOf(keys []Key) (ids []string) {
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

func quoted(ids []string, between string) string {
	var all []string
	for _, id := range ids {
		all = append(all, strconv.Quote(id))
	}
	return strings.Join(all, between)
}
