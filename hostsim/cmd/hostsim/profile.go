package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim"
)

// profiling is what --profile asks for.
type profiling struct {
	path string // empty: none
	// Viceroy's form was used: path is a folder for serve
	viceroy bool
	ignored []string // what of it changes nothing here
}

// External profilers, which Viceroy can help.
var externalProfilers = map[string]bool{"perfmap": true, "jitdump": true, "vtune": true}

// set takes a file, or one of Viceroy's forms: guest[,PATH[,INTERVAL]],
// perfmap, jitdump, vtune.
func (p *profiling) set(text string) error {
	if externalProfilers[text] {
		p.ignored = append(p.ignored, fmt.Sprintf("--profile=%s changes nothing here: wazero's code has no names for other profilers", text))
		return nil
	}
	parts := strings.Split(text, ",")
	if parts[0] != "guest" {
		p.path, p.viceroy = text, false
		if text == "" {
			return fmt.Errorf("want a file, or guest[,PATH]")
		}
		return nil
	}
	if len(parts) > 3 {
		return fmt.Errorf("%q: want guest[,PATH[,INTERVAL]]", text)
	}
	p.viceroy, p.path = true, ""
	if len(parts) > 1 {
		p.path = parts[1]
	}
	if len(parts) > 2 {
		if _, err := time.ParseDuration(strings.Replace(parts[2], "μ", "µ", 1)); err != nil {
			return fmt.Errorf("%q is not an interval", parts[2])
		}
		p.ignored = append(p.ignored, "--profile: the interval changes nothing here, as samples follow the guest's loops and calls")
	}
	return nil
}

func (p *profiling) wanted() bool { return p.path != "" || p.viceroy }

// file is where the profile goes; empty: nowhere. For serve, Viceroy's form
// names a folder.
func (p *profiling) file(sub string) string {
	switch {
	case !p.viceroy:
		return p.path
	case sub == "serve" && p.path == "":
		return filepath.Join("guest-profiles", profileName)
	case sub == "serve":
		return filepath.Join(p.path, profileName)
	case p.path == "":
		return profileName
	}
	return p.path
}

const profileName = "guest-profile.pb.gz"

// writeProfile writes the profile as a whole, and says how to read it.
func (o *options) writeProfile(sub string, profile *hostsim.Profile) error {
	path := o.profile.file(sub)
	if !o.profile.wanted() {
		return nil
	}
	if dir := filepath.Dir(path); o.profile.viceroy {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	if err := replace(path, profile.Write); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if !o.quiet {
		fmt.Fprintf(o.stderr, "hostsim: profile written to %s\nhint: go tool pprof -top %s\n", path, path)
	}
	return nil
}

func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".profile")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain, once it has its name
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// serveDebug serves net/http/pprof's pages about this program, and the guest's
// profile as /debug/pprof/guest, until ctx ends.
func serveDebug(ctx context.Context, addr string, profile *hostsim.Profile, stderr io.Writer) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/guest", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		profile.Write(w) // the client may have gone
	})
	at, err := serveBeside(ctx, addr, mux)
	if err != nil {
		return fmt.Errorf("debug: %w", err)
	}
	fmt.Fprintf(stderr, "hostsim: profiles on http://%s/debug/pprof/ (guest: /debug/pprof/guest)\n", at)
	return nil
}
