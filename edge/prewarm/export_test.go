package prewarm

import (
	"context"

	"github.com/tetratelabs/wazero"
)

// ModuleOn is Module on an engine of the test's choice.
func ModuleOn(ctx context.Context, engine wazero.RuntimeConfig, reactor []byte, opt Options) ([]byte, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := inspect(reactor, opt)
	if err != nil {
		return nil, err
	}
	snap, err := r.run(ctx, engine, opt)
	if err != nil {
		return nil, err
	}
	return snap.rehearsed(ctx, r.rewrite(snap, opt), opt, new(Report))
}

// CompilerPays is the size of the files from which Module compiles.
const CompilerPays = compilerPays
