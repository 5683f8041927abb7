package prewarm

import (
	"io"
	"maps"
	"slices"
	"testing/fstest"

	"github.com/tetratelabs/wazero"
)

// world is all that the guest can read: nothing of this machine, no real time
// and no real randomness.
func (g *guest) world(r *reactor, opt Options) wazero.ModuleConfig {
	config := new(clock).configure(wazero.NewModuleConfig()).
		WithName("").WithStartFunctions().
		WithArgs(opt.Args...).
		WithRandSource(randomness(r.binary, opt)).
		WithStdout(orDiscard(opt.Stdout)).
		WithStderr(io.MultiWriter(g.stderr, orDiscard(opt.Stderr)))
	for _, key := range slices.Sorted(maps.Keys(opt.Env)) {
		config = config.WithEnv(key, opt.Env[key])
	}
	if len(opt.Files) == 0 {
		return config
	}
	return config.WithFSConfig(wazero.NewFSConfig().WithFSMount(readOnly(opt.Files), "/"))
}

// readOnly is a file system without dates, owners or a way to write.
func readOnly(files map[string][]byte) fstest.MapFS {
	out := fstest.MapFS{}
	for name, data := range files {
		out[name] = &fstest.MapFile{Data: data, Mode: 0o444}
	}
	return out
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
