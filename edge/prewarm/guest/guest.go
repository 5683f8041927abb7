package guest

import (
	crand "crypto/rand"
	"math/rand/v2"
	"os"
	"strings"
)

// Environ returns the sandbox's environment, as NAME=value. It is empty if the
// host does not say.
func Environ() []string { return environ() }

// LookupEnv returns a variable of the sandbox's environment, and whether it is
// there. Of two with one name the first counts.
func LookupEnv(name string) (value string, ok bool) {
	for _, variable := range environ() {
		if n, v, ok := strings.Cut(variable, "="); ok && n == name {
			return v, true
		}
	}
	return "", false
}

// Getenv returns a variable of the sandbox's environment, "" if it is not
// there.
func Getenv(name string) string {
	value, _ := LookupEnv(name)
	return value
}

// Args returns the sandbox's arguments, the program's name first.
func Args() []string { return args() }

// Refresh has os.Getenv, os.Environ and os.Args say what the sandbox was given.
// What was read from them before, during initialisation, stays as it was.
func Refresh() {
	environment, arguments := environ(), args()
	os.Clearenv()
	for i := len(environment) - 1; i >= 0; i-- { // the first of a name counts
		if name, value, ok := strings.Cut(environment[i], "="); ok && name != "" {
			_ = os.Setenv(name, value) // fails for a name with = or NUL only
		}
	}
	os.Args = arguments
}

// Rand returns a generator whose seed comes from the platform at the call. Call
// it at the entry: during initialisation it would be the same everywhere. It is
// not for secrets; crypto/rand is.
func Rand() *rand.Rand {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never returns an error
	return rand.New(rand.NewChaCha8(seed))
}
