// Package rusthost runs the host in Rust (the crate in bench/host), which times
// clicks on wasmtime, and reads what it reports.
//
// Start with [Build]; without cargo it returns cargo.ErrAbsent, and nothing is
// timed.
package rusthost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/cargo"
)

// Host is the built program.
type Host struct{ path string }

// Build builds the program. dir is the folder of the bench. What cargo makes is
// kept in the user's cache folder.
func Build(ctx context.Context, dir string) (*Host, error) {
	out, err := cargo.Build(ctx, filepath.Join(dir, "host"), "host")
	if err != nil {
		return nil, err
	}
	return &Host{filepath.Join(out, "release", "bench-host")}, nil
}

// Run carries out a plan.
func (h *Host) Run(ctx context.Context, p *Plan) (*Report, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, h.path)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	r := &Report{}
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("the host's report: %w", err)
	}
	return r, nil
}
