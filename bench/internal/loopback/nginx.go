package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
)

// configuration is a proxy in front of an ESP as in Customer.io's guide to
// HTTPS link tracking
// (https://docs.customer.io/journeys/https-link-verification: link domain in
// front, proxy_pass to the tracking domain, Host kept), without TLS on either
// side, since the simulator beside it has none here.
var configuration = template.Must(template.New("nginx.conf").Parse(`daemon off;
worker_processes auto;
pid {{.Dir}}/nginx.pid;
error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path {{.Dir}}/body;
  proxy_temp_path {{.Dir}}/proxy;
  fastcgi_temp_path {{.Dir}}/fastcgi;
  uwsgi_temp_path {{.Dir}}/uwsgi;
  scgi_temp_path {{.Dir}}/scgi;
  server {
    listen {{.Listen}};
    server_name {{.Host}};
    location / {
      proxy_pass http://{{.Origin}};
      proxy_redirect off;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
    }
  }
}
`))

// FindNginx finds nginx: in NGINX, on the path, or where Debian installs it, which
// is not on a user's path.
func FindNginx() (string, error) {
	for _, name := range []string{os.Getenv("NGINX"), "nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("nginx is %w (`apt-get install nginx`, or its path in NGINX)", ErrAbsent)
}

// Nginx serves the same on loopback with nginx. The error is [ErrAbsent] if
// there is none. version is what it prints.
func Nginx(ctx context.Context, origin string) (addr, version string, stop func(), err error) {
	path, err := FindNginx()
	if err != nil {
		return "", "", nil, err
	}
	addr, version, stop, err = inFolder(ctx, path, "-v", func(dir string) (string, func(), error) {
		return startNginx(ctx, path, dir, origin)
	})
	return addr, strings.TrimPrefix(version, "nginx version: "), stop, err
}

// inFolder starts a server with a new folder, and asks the program for its
// version with this flag.
func inFolder(ctx context.Context, path, flag string, start func(dir string) (string, func(), error)) (addr, version string, stop func(), err error) {
	said, err := exec.CommandContext(ctx, path, flag).CombinedOutput()
	if err != nil {
		return "", "", nil, fmt.Errorf("%s %s: %w", path, flag, err)
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return "", "", nil, err
	}
	if addr, stop, err = start(dir); err != nil {
		os.RemoveAll(dir)
	}
	return addr, strings.TrimSpace(string(said)), stop, err
}

func startNginx(ctx context.Context, path, dir, origin string) (string, func(), error) {
	addr, err := FreeAddress()
	if err != nil {
		return "", nil, err
	}
	conf, err := os.Create(filepath.Join(dir, "nginx.conf"))
	if err != nil {
		return "", nil, err
	}
	err = configuration.Execute(conf, map[string]string{"Dir": dir, "Listen": addr, "Origin": origin, "Host": clicks.ProxiedHost})
	if err := errors.Join(err, conf.Close()); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, path, "-p", dir, "-c", conf.Name(), "-e", "stderr")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	// a fast shutdown, workers included (https://nginx.org/en/docs/control.html)
	return started(ctx, cmd, os.Interrupt, dir, addr, 10*time.Second)
}

// started starts a server, which is ended by a signal, and waits until it
// accepts connections. What ends it removes its folder as well. The error has
// what the server said on standard error.
func started(ctx context.Context, cmd *exec.Cmd, end os.Signal, dir, addr string, limit time.Duration) (listening string, stop func(), err error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		cmd.Process.Signal(end)
		cmd.Wait()
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	if err := answers(ctx, addr, limit); err != nil {
		stop()
		return "", nil, fmt.Errorf("%s does not listen: %w\n%s", cmd.Path, err, said.String())
	}
	return addr, stop, nil
}

// Start starts a server, which Stop ends by a signal, and waits until it accepts
// connections.
func Start(ctx context.Context, cmd *exec.Cmd, end os.Signal, addr string) (stop func(), err error) {
	_, stop, err = started(ctx, cmd, end, "", addr, time.Minute)
	return stop, err
}

// FreeAddress is an address that was free a moment ago: nginx cannot inherit a
// listener or choose a port itself.
func FreeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// answers waits until a server accepts connections, at most as long as limit.
func answers(ctx context.Context, addr string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
