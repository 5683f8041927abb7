package servers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/core/signed"
)

// Program is a server that runs.
type Program struct {
	Name string
	Addr string
	PID  int // 0: it runs in this process
	// Signed is a click that is redirected. nginx and Caddy verify nothing: they
	// answer every link with one destination.
	Signed, Proxied *Click
	Stop            func()
}

// Setup is what all programs are started with.
type Setup struct {
	Origin        string
	Dir           string
	Module, Sites []byte // for hosts of the module
	Binary        string // of deploy/internal/servertest
	kinds         []clicks.Kind
}

// New prepares a set-up in a folder.
func New(origin, dir string) (*Setup, error) {
	kinds, err := clicks.Kinds(clicks.Shape{})
	return &Setup{Origin: origin, Dir: dir, kinds: kinds}, err
}

// All starts every program that is installed. missing says which are not.
func (s *Setup) All(ctx context.Context) (list []*Program, missing []string, err error) {
	for _, start := range []func(context.Context) (*Program, error){
		func(ctx context.Context) (*Program, error) { return s.Server(ctx, 1000, "clicks") },
		s.nginx, s.caddy, s.simulator, s.viceroy,
	} {
		p, err := start(ctx)
		if errors.Is(err, loopback.ErrAbsent) {
			missing = append(missing, err.Error())
			continue
		}
		if err != nil {
			for _, p := range list {
				p.Stop()
			}
			return nil, nil, err
		}
		list = append(list, p)
	}
	return list, missing, nil
}

func (s *Setup) both() (signed, proxied *Click) {
	one, two := ClickOf(&s.kinds[0]), ClickOf(&s.kinds[2])
	return &one, &two
}

// Server starts `clickedge server`, as deploy/internal/servertest has it, with
// this many sites. Its secret is random,
// since it refuses the one that the others have, which is easy to guess.
func (s *Setup) Server(ctx context.Context, sites int, name string) (*Program, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	secret := hex.EncodeToString(random)
	kind := s.kinds[0]
	link, err := signed.Mint(signed.Link{Host: clicks.SignedHost, KeyID: clicks.KeyID, ID: "cmVhZGVyNDI", Destination: kind.Location}, []byte(secret))
	if err != nil {
		return nil, err
	}
	kind.Request.Target = strings.TrimPrefix(link, "https://"+clicks.SignedHost)
	file := filepath.Join(s.Dir, name+".json")
	if err := os.WriteFile(file, clicks.Sites(sites), 0o600); err != nil {
		return nil, err
	}
	addr, err := loopback.FreeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(s.Binary, "-sites", file, "-http", addr, "-origin", s.Origin, "-log", s.Log(name))
	cmd.Env = append(os.Environ(), "CLICKEDGE_KEY_"+strings.ToUpper(clicks.KeyID)+"="+secret)
	stop, err := loopback.Start(ctx, cmd, os.Interrupt, addr)
	if err != nil {
		return nil, err
	}
	one := ClickOf(&kind)
	_, two := s.both()
	return &Program{Name: "clickedge server", Addr: addr, PID: cmd.Process.Pid, Signed: &one, Proxied: two, Stop: stop}, nil
}

// Log is the click log of [Setup.Server].
func (s *Setup) Log(name string) string { return filepath.Join(s.Dir, name+".ndjson") }

func (s *Setup) simulator(ctx context.Context) (*Program, error) {
	addr, stop, err := loopback.Simulator(ctx, s.Module, s.Sites, s.Origin)
	one, two := s.both()
	return &Program{Name: "the module on hostsim", Addr: addr, Signed: one, Proxied: two, Stop: stop}, err
}

func (s *Setup) viceroy(ctx context.Context) (*Program, error) {
	addr, version, stop, err := loopback.Viceroy(ctx, s.Module, s.Sites, s.Origin)
	one, two := s.both()
	return &Program{Name: "the module on " + version, Addr: addr, Signed: one, Proxied: two, Stop: stop}, err
}

// nginx with what its documentation says for speed: no access log, and kept
// connections to the ESP
// (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive).
const nginxConf = `daemon off;
worker_processes auto;
pid DIR/nginx.pid;
error_log stderr;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  upstream esp { server ORIGIN; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen LISTEN;
    server_name SIGNED;
    location / { return 302 "LOCATION"; }
  }
  server {
    listen LISTEN;
    server_name PROXIED;
    location / {
      proxy_pass http://esp;
      proxy_http_version 1.1;
      proxy_redirect off;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto http;
    }
  }
}
`

const caddyConf = `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://SIGNED:PORT {
	bind 127.0.0.1
	redir LOCATION 302
}
http://PROXIED:PORT {
	bind 127.0.0.1
	reverse_proxy http://ORIGIN {
		header_up X-Forwarded-Proto http
	}
}
`

// configured writes a configuration, and returns its file and the address.
func (s *Setup) configured(name, text string) (file, addr string, err error) {
	if addr, err = loopback.FreeAddress(); err != nil {
		return "", "", err
	}
	_, port, _ := strings.Cut(addr, ":")
	text = strings.NewReplacer("DIR", s.Dir, "ORIGIN", s.Origin, "LISTEN", addr, "PORT", port, "SIGNED", clicks.SignedHost,
		"PROXIED", clicks.ProxiedHost, "LOCATION", s.kinds[0].Location).Replace(text)
	file = filepath.Join(s.Dir, name)
	return file, addr, os.WriteFile(file, []byte(text), 0o600)
}

func (s *Setup) nginx(ctx context.Context) (*Program, error) {
	path, err := loopback.FindNginx()
	if err != nil {
		return nil, err
	}
	file, addr, err := s.configured("nginx.conf", nginxConf)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "-p", s.Dir, "-c", file, "-e", "stderr")
	return s.started(ctx, cmd, addr, path, "-v")
}

func (s *Setup) caddy(ctx context.Context) (*Program, error) {
	path, err := loopback.FindCaddy()
	if err != nil {
		return nil, err
	}
	file, addr, err := s.configured("Caddyfile", caddyConf)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+s.Dir, "XDG_DATA_HOME="+s.Dir, "XDG_CONFIG_HOME="+s.Dir)
	return s.started(ctx, cmd, addr, path, "version")
}

func (s *Setup) started(ctx context.Context, cmd *exec.Cmd, addr, path, flag string) (*Program, error) {
	said, err := exec.CommandContext(ctx, path, flag).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", path, flag, err)
	}
	stop, err := loopback.Start(ctx, cmd, os.Interrupt, addr)
	if err != nil {
		return nil, err
	}
	version := strings.Fields(strings.TrimPrefix(string(said), "nginx version: "))[0]
	one, two := s.both()
	if !strings.Contains(version, "/") {
		version = filepath.Base(path) + " " + version
	}
	return &Program{Name: version, Addr: addr, PID: cmd.Process.Pid, Signed: one, Proxied: two, Stop: stop}, nil
}
