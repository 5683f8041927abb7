package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/failure"
)

// healthWait is how long a server may take to say that it is well.
const healthWait = 3 * time.Second

// Health asks the server with metrics on an address whether it takes requests.
// It is for machines without curl, as a container.
func Health(ctx context.Context, addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return failure.Usage(fmt.Errorf("--metrics: %w", err), "give the address that the server has, as 127.0.0.1:9180")
	}
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return failure.Usage(fmt.Errorf("--metrics: %w", err), "give the address that the server has, as 127.0.0.1:9180")
	}
	direct := &http.Transport{DisableKeepAlives: true} // no proxy of the environment
	res, err := direct.RoundTrip(req)
	if err != nil {
		return failure.Bad(fmt.Errorf("no server answers there: %w", err), "is it running, and has it the same --metrics?")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 100))
	said := strings.TrimSpace(string(text))
	if err != nil || res.StatusCode != http.StatusOK || said != healthy {
		return failure.Bad(errors.Join(fmt.Errorf("the server at %s says %s, %q", addr, res.Status, said), err), "")
	}
	return nil
}
