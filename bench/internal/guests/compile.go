package guests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/cargo"
	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/edge/prewarm"
)

// Build compiles the guests of the folder guests; dir is the folder of the
// bench.
type Build struct{ Dir string }

// compile runs the go command on one of them, as a command or as a reactor.
func (b Build) compile(ctx context.Context, name string, flags ...string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "guest.wasm")
	args := append(append([]string{"build", "-trimpath"}, flags...), "-o", out, "./guests/"+name)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = b.Dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./guests/%s: %w\n%s", name, err, strings.TrimSpace(string(said)))
	}
	return os.ReadFile(out)
}

// SDK is the version of compute-sdk-go that the guests are built with.
func (b Build) SDK(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "github.com/fastly/compute-sdk-go")
	cmd.Dir = b.Dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), nil
}

// FSTHTTP is the plain redirect of the SDK's examples.
func (b Build) FSTHTTP(ctx context.Context) ([]byte, error) { return b.compile(ctx, "fsthttp") }

// FSTHTTPPrewarmed is the same, prewarmed.
func (b Build) FSTHTTPPrewarmed(ctx context.Context) ([]byte, error) {
	return b.prewarmed(ctx, "fsthttp")
}

// Proxy sends every request to a backend, with the SDK.
func (b Build) Proxy(ctx context.Context) ([]byte, error) { return b.compile(ctx, "proxy") }

// Core is core under fsthttp, as the go command builds it.
func (b Build) Core(ctx context.Context) ([]byte, error) { return b.compile(ctx, "corefsthttp") }

// CorePrewarmed is the same, prewarmed.
func (b Build) CorePrewarmed(ctx context.Context) ([]byte, error) {
	return b.prewarmed(ctx, "corefsthttp")
}

func (b Build) prewarmed(ctx context.Context, name string) ([]byte, error) {
	reactor, err := b.compile(ctx, name, "-buildmode=c-shared", "-tags=prewarmed")
	if err != nil {
		return nil, err
	}
	wasm, _, err := prewarm.Module(ctx, reactor, prewarm.Options{})
	return wasm, err
}

// Rust builds a crate of guests/rust: "crate" or "raw". The error is
// cargo.ErrAbsent where there is no Rust for the target.
func (b Build) Rust(ctx context.Context, name string) ([]byte, error) {
	target := map[string]string{"crate": "wasm32-wasip1", "raw": "wasm32-unknown-unknown"}[name]
	out, err := cargo.Build(ctx, filepath.Join(b.Dir, "guests", "rust"), "guests", "--package", name, "--target", target)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(out, target, "release", name+".wasm"))
}

// The exports of the module that HMAC makes, and how often each computes it.
const (
	HMACOnce  = "once"
	HMACTwice = "twice"
	HMACTimes = 100
)

// HMAC computes HMAC-SHA256 over a text many times; it is prewarmed with this
// entry.
func (b Build) HMAC(ctx context.Context, text, entry string) ([]byte, error) {
	reactor, err := b.compile(ctx, "hmac", "-buildmode=c-shared", "-ldflags=-X main.text="+text+" -X main.secret="+clicks.Secret)
	if err != nil {
		return nil, err
	}
	wasm, _, err := prewarm.Module(ctx, reactor, prewarm.Options{Entry: entry})
	return wasm, err
}
