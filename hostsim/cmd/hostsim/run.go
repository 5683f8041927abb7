package main

import (
	"context"
	"io"
	"math"
	"os"

	"github.com/clickedge/clickedge/hostsim"
)

// runOnce gives the module its one request. It has all the time there is: what
// a test needs is for go test to say.
func runOnce(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	module, err := os.ReadFile(o.module)
	if err != nil {
		return err
	}
	cfg, err := o.load(stdout, stderr)
	if err != nil {
		return err
	}
	cfg.Limits = hostsim.Limits{Time: math.MaxInt64, HostBytes: math.MaxInt}
	h, err := hostsim.New(ctx, module, cfg)
	if err != nil {
		return err
	}
	defer h.Close(context.WithoutCancel(ctx))
	_, x, err := h.Do(ctx, &hostsim.Request{})
	if x == nil {
		return err
	}
	if o.trace != "" {
		writeTrace(o.stderr, o.trace, x)
	}
	if err := o.writeProfile("run", cfg.Profile); err != nil {
		return err
	}
	switch {
	case x.Ending.OK():
		return nil
	case x.Ending.Kind == hostsim.Exited:
		return exitError(x.Ending.Code)
	}
	return exitError(exitFailed) // the host has logged why
}
