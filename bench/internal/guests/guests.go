// Package guests builds the measured modules: ours, and those that it is
// compared with.
package guests

import (
	"context"
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/bench/internal/symbols"
	"github.com/clickedge/clickedge/deploy/module"
)

// Ours builds the module of this repository, with and without names.
type Ours struct {
	reactor []byte
	// Symbols names the module's variables. Unnamed says why it does not.
	Symbols *symbols.Map
	Unnamed error
}

// NewOurs compiles the guest. dir is in the source tree.
func NewOurs(ctx context.Context, dir string) (*Ours, error) {
	root, err := module.Root(dir)
	if err != nil {
		return nil, err
	}
	o := &Ours{}
	o.Symbols, err = symbols.While(ctx, func() (err error) {
		o.reactor, err = module.Reactor(ctx, root)
		return err
	})
	if errors.Is(err, symbols.ErrUnknown) && o.reactor != nil {
		o.Unnamed, err = err, nil
	}
	return o, err
}

// Module builds the module as `clickedge build` does.
func (o *Ours) Module(ctx context.Context, sites []byte) ([]byte, module.Report, error) {
	return module.Build(ctx, module.Options{Sites: sites, Reactor: o.reactor})
}

// Named builds the same module with the names of its functions kept.
func (o *Ours) Named(ctx context.Context, sites []byte) ([]byte, error) {
	wasm, _, err := module.Build(ctx, module.Options{Sites: sites, Reactor: o.reactor, KeepNames: true})
	if err != nil {
		return nil, fmt.Errorf("build with names: %w", err)
	}
	return wasm, nil
}
