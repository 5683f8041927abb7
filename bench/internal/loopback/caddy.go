package loopback

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
)

// caddyfile is the same proxy as nginx is, with the fields that Caddy sends by
// itself (https://caddyserver.com/docs/caddyfile/directives/reverse_proxy).
const caddyfile = `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://%s {
	bind %s
	@link host %s
	reverse_proxy @link http://%s {
		header_up X-Forwarded-Proto https
	}
}
`

// Caddy serves the same on loopback with Caddy: that in CADDY, else the one on
// the path. The error is [ErrAbsent] if there is none. version is what it
// prints.
func Caddy(ctx context.Context, origin string) (addr, version string, stop func(), err error) {
	path, err := FindCaddy()
	if err != nil {
		return "", "", nil, err
	}
	addr, version, stop, err = inFolder(ctx, path, "version", func(dir string) (string, func(), error) {
		return startCaddy(ctx, path, dir, origin)
	})
	version, _, _ = strings.Cut(version, " ")
	return addr, "caddy " + version, stop, err
}

// FindCaddy finds Caddy: that in CADDY, else the one on the path.
func FindCaddy() (string, error) {
	path, err := exec.LookPath(cmp.Or(os.Getenv("CADDY"), "caddy"))
	if err != nil {
		return "", fmt.Errorf("caddy is %w (`apt-get install caddy`, or its path in CADDY)", ErrAbsent)
	}
	return path, nil
}

func startCaddy(ctx context.Context, path, dir, origin string) (string, func(), error) {
	addr, err := FreeAddress()
	if err != nil {
		return "", nil, err
	}
	host, port, _ := strings.Cut(addr, ":")
	file := filepath.Join(dir, "Caddyfile")
	text := fmt.Sprintf(caddyfile, ":"+port, host, clicks.ProxiedHost, origin)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	cmd := exec.Command(path, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return started(ctx, cmd, os.Kill, dir, addr, 10*time.Second)
}
