package prewarm_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm"
)

func warned(t *testing.T, name string, opt prewarm.Options) []prewarm.Warning {
	t.Helper()
	opt.NoRehearsal = !slices.Contains(opt.Args, "then") // which takes the longest
	_, rep, err := prewarm.Module(context.Background(), guest(t, name), opt)
	require.NoError(t, err)
	require.NoError(t, rep.NotRehearsed)
	return rep.Warnings
}

// Each thing that a snapshot freezes is warned about where the program reads
// it, by the function that does.
func TestReadTooEarly(t *testing.T) {
	for what, want := range map[string]prewarm.Warning{
		"getenv":   {Code: prewarm.Environment, Called: "os.Getenv", Name: "MODE"},
		"lookup":   {Code: prewarm.Environment, Called: "os.Getenv", Name: "MODE"},
		"expand":   {Code: prewarm.Environment, Called: "os.Getenv", Name: "MODE"},
		"environ":  {Code: prewarm.Environment, Called: "os.Environ"},
		"deep":     {Code: prewarm.Environment, Called: "os.Getenv", Name: "MODE"},
		"now":      {Code: prewarm.Clock, Called: "time.Now"},
		"timer":    {Code: prewarm.Clock, Called: "time.NewTimer"},
		"deadline": {Code: prewarm.Clock, Called: "time.Now"},
		"rand":     {Code: prewarm.Random, Called: "math/rand"},
		"shuffle":  {Code: prewarm.Random, Called: "math/rand"},
		"intn":     {Code: prewarm.Random, Called: "math/rand"},
		"text":     {Code: prewarm.Random, Called: "crypto/rand"},
		"crypto":   {Code: prewarm.Random, Called: "crypto/rand"},
		"stdin":    {Code: prewarm.Stream, Called: "os.Stdin"},
		"stdout":   {Code: prewarm.Stream, Called: "os.Stdout"},
		"stderr":   {Code: prewarm.Stream, Called: "os.Stderr"},
		"open":     {Code: prewarm.Handle, Called: "os.Open", Name: "sites/a.json"},
	} {
		t.Run(what, func(t *testing.T) {
			var codes []prewarm.WarningCode
			found := false
			for _, w := range warned(t, "early", prewarm.Options{Args: []string{what}, Files: sites}) {
				codes = append(codes, w.Code)
				require.Contains(t, w.By, "main.")
				require.NotEmpty(t, w.String())
				w.By = ""
				found = found || w == want
			}
			require.True(t, found, "%v", codes)
			require.NotContains(t, codes, prewarm.Unseen)
			for _, c := range codes {
				require.Equal(t, want.Code, c, "one kind only")
			}
		})
	}
}

// What the runtime does for itself is nobody's reading, and what is read whole
// is no open file.
func TestNothingIsReadTooEarly(t *testing.T) {
	for _, what := range []string{"", "shut", "file", "map", "buffer"} {
		require.Empty(t, warned(t, "early", prewarm.Options{Args: []string{what}, Files: sites}), what)
	}
	for _, name := range []string{"raw", "fsthttp", "plugin"} {
		opt := prewarm.Options{Reactor: name == "plugin"}
		require.Empty(t, warned(t, name, opt), name)
	}
}

// At a request the environment is frozen, though not for a guest that has read
// it again.
func TestEnvironmentAtARequest(t *testing.T) {
	for _, what := range []string{"getenv", "environ"} {
		w := warned(t, "early", prewarm.Options{Args: []string{"then", what}})
		require.Len(t, w, 1)
		require.Equal(t, prewarm.Environment, w[0].Code)
		require.True(t, w[0].AtRequest)
		require.Contains(t, w[0].String(), "prewarm/guest.Refresh")
	}
	for _, what := range [][]string{{"then", "refresh", "getenv"}, {"then", "guest"}, {"then", "now", "text", "crypto", "map", "own generator"}} {
		require.Empty(t, warned(t, "early", prewarm.Options{Args: what}), what)
	}
	require.NotEmpty(t, warned(t, "early", prewarm.Options{Args: []string{"refresh", "then", "getenv"}}), "refreshed too early")
}

// At a request the seed of math/rand's top-level functions is frozen, and
// reading the environment again does not change it.
func TestRandomAtARequest(t *testing.T) {
	for _, what := range [][]string{{"rand"}, {"shuffle"}, {"intn"}, {"refresh", "rand"}} {
		w := warned(t, "early", prewarm.Options{Args: append([]string{"then"}, what...)})
		require.Len(t, w, 1, what)
		require.Equal(t, prewarm.Random, w[0].Code)
		require.Equal(t, "math/rand", w[0].Called)
		require.Contains(t, w[0].By, "main.")
		require.True(t, w[0].AtRequest)
		require.Contains(t, w[0].String(), "prewarm/guest.Rand")
	}
}

// Without names the reading cannot be seen, and that is said.
func TestModuleWithoutNames(t *testing.T) {
	_, rep, err := prewarm.Module(context.Background(), stripped(t, "early"), prewarm.Options{Args: []string{"getenv"}, NoRehearsal: true})
	require.NoError(t, err)
	require.Len(t, rep.Warnings, 1)
	require.Equal(t, prewarm.Unseen, rep.Warnings[0].Code)
	require.Contains(t, rep.Warnings[0].String(), "-ldflags=-s")
}

// A refusal names the host's function that was called too early, and who called
// it.
func TestHostCallNamesTheCaller(t *testing.T) {
	for _, c := range []struct {
		opt  prewarm.Options
		want string
	}{
		{prewarm.Options{Env: map[string]string{"FAIL": "log"}}, "fastly_log.write, from main.init.0 > main.fail,"},
		{prewarm.Options{Env: map[string]string{"FAIL": "abort"}}, "env.abort, from main.init.0 > main.fail,"},
		{prewarm.Options{Warmup: "warmup", Env: map[string]string{"FAIL_WARMUP": "log"}}, "fastly_log.write, from main.warmup"},
		{prewarm.Options{Env: map[string]string{"FAIL": "exit"}}, "exited with 3, from main.init.0 > main.fail,"},
	} {
		_, _, err := prewarm.Module(context.Background(), guest(t, "failing"), c.opt)
		require.ErrorContains(t, err, c.want)
	}
}

// A program with func main only has its entry from guest/command, and finds at
// it the environment, the arguments and the randomness of the sandbox.
func TestEntryReadsWhatTheSandboxHas(t *testing.T) {
	module := warm(t, "entry", prewarm.Options{Env: map[string]string{"MODE": "build", "BUILD_ONLY": "1"}, Args: []string{"build"}})
	var numbers []string
	for _, mode := range []string{"one", "two=2"} {
		s := &sandbox{env: map[string]string{"MODE": mode, "OTHER": ""}, args: []string{"sandbox", mode}}
		_, err := s.run(t, module, "_start")
		require.NoError(t, err, s.stderr.String())
		lines := strings.Split(s.stdout.String(), "\n")
		require.Equal(t, `at initialisation "build", os "`+mode+`", guest "`+mode+`"`, lines[0])
		require.Equal(t, "false true [sandbox "+mode+"] [sandbox "+mode+"]", lines[1])
		numbers = append(numbers, lines[2])
	}
	require.NotEqual(t, numbers[0], numbers[1])
	s := &sandbox{}
	_, err := s.run(t, module, "_start")
	require.NoError(t, err, s.stderr.String())
	require.Contains(t, s.stdout.String(), `os "", guest ""`, "a host that says nothing")
}
