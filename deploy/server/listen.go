package server

import (
	"fmt"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/clickedge/clickedge/deploy/failure"
)

// Systemd in place of an address means the sockets that systemd has opened, by
// the name that FileDescriptorName= gives them: http, https or metrics.
const Systemd = "systemd"

// The kinds of listeners.
const (
	kindHTTP    = "http"
	kindHTTPS   = "https"
	kindMetrics = "metrics"
)

// Sockets returns the sockets that systemd has opened for this process, by name.
// They are no longer offered to processes that this one starts.
func Sockets() (map[string][]net.Listener, error) {
	sockets := map[string][]net.Listener{}
	for _, file := range activation.Files(true) {
		ln, err := net.FileListener(file)
		if err != nil {
			return nil, failure.Usage(fmt.Errorf("the socket %q that systemd has opened cannot be used: %w", file.Name(), err), "it takes ListenStream= with ports")
		}
		_ = file.Close() // the listener has a copy
		sockets[file.Name()] = append(sockets[file.Name()], ln)
	}
	return sockets, nil
}

// open opens what an address means.
func (r *run) open(kind, addr string) ([]net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	if addr == Systemd {
		list := r.Sockets[kind]
		if len(list) == 0 {
			return nil, failure.Usage(fmt.Errorf("systemd has opened no socket with the name %q", kind),
				"let its .socket unit have FileDescriptorName="+kind+", and start the server by it")
		}
		return list, nil
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		hint := "choose another address with --" + kind + "; ports below 1024 need root, CAP_NET_BIND_SERVICE, or the kernel's ip_unprivileged_port_start"
		if kind == kindMetrics {
			hint = `choose another address with --metrics, or "" for none`
		}
		return nil, failure.Usage(fmt.Errorf("cannot listen: %w", err), hint)
	}
	return []net.Listener{ln}, nil
}

// unused refuses sockets that no flag takes: clicks would wait there for ever.
func (r *run) unused() error {
	for name := range r.Sockets {
		at := slices.Index([]string{kindHTTP, kindHTTPS, kindMetrics}, name)
		if at < 0 || []string{r.HTTP, r.HTTPS, r.Metrics}[at] != Systemd {
			return failure.Usage(fmt.Errorf("systemd has opened a socket with the name %q, which nothing here takes", name),
				"give --http systemd, --https systemd or --metrics systemd, and the same name to FileDescriptorName= of the .socket unit")
		}
	}
	return nil
}

// notify tells systemd of a state, if it waits for one.
func (r *run) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		fmt.Fprintf(r.Err, "warning: systemd was not told %q: %v\n", state, err)
	}
}
