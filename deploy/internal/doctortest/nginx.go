package doctortest

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

// findNginx returns nginx's path. Where there is none the test is skipped,
// unless CLICKEDGE_NGINX=required is set.
func findNginx(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const none = "no nginx on the PATH or in /usr/sbin: install one (Debian: apt-get install nginx-light)"
	if os.Getenv("CLICKEDGE_NGINX") == "required" {
		t.Fatal(none)
	}
	t.Skip(none)
	return ""
}

// nginxConfig is nginx.conf around the servers of a set-up. The origin has its
// real name there, which an upstream of that name leads to the stand-in, so
// that everything nginx derives from the name is as in production. Nothing
// outside its folder is touched. (Without a master process nginx 1.22 cannot
// take sockets over.)
var nginxConfig = template.Must(template.New("nginx.conf").Parse(`
daemon off;
worker_processes 1;
{{.User}}
pid {{.Dir}}/pid;
error_log {{.Dir}}/error.log warn;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path {{.Dir}}/body;
	proxy_temp_path {{.Dir}}/proxy;
	fastcgi_temp_path {{.Dir}}/fastcgi;
	uwsgi_temp_path {{.Dir}}/uwsgi;
	scgi_temp_path {{.Dir}}/scgi;
	ssl_session_tickets off;
	proxy_cache_path {{.Dir}}/cache levels=1:2 keys_zone=links:1m;
	upstream {{.ESP}} { server {{.Origin}}; }
{{.Servers}}
}
`))

// nginxServers are the two server blocks of a guide. Location stands within
// "location /", Server beside it.
var nginxServers = template.Must(template.New("servers").Parse(`
	server {
		listen {{.HTTP}};
		server_name {{.Host}};
		{{.Plain}}
	}
	server {
		listen {{.HTTPS}} ssl{{if not .NoHTTP2}} http2{{end}};
		server_name {{.Host}};
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_certificate {{.Dir}}/cert.pem;
		ssl_certificate_key {{.Dir}}/key.pem;
		{{.Secure}}
	}
`))

// nginxValues are what the templates hold.
type nginxValues struct {
	Dir, ESP, Origin, Servers string
	HTTP, HTTPS, Host         string // where to listen, and for whom
	Plain, Secure             string // what the two servers do
	NoHTTP2                   bool
	User                      string // as whom the worker runs
}

// startNginx runs nginx with what its two servers do and returns where they
// listen, "127.0.0.1:port" each. {esp} stands for the origin's name, {plain}
// for where it is asked over http.
//
// nginx takes the sockets over from this process, as it does from an older
// nginx in an upgrade on the fly (environment NGINX): so ports cannot be lost
// between their choice and the start, and connections that come early wait in
// the queue.
func startNginx(t testing.TB, w *World, s *Setup) (httpAddr, httpsAddr string) {
	t.Helper()
	path := findNginx(t)
	dir := t.TempDir()
	sockets, addrs := inheritable(t, 2)
	naming := strings.NewReplacer("{esp}", w.Origin.Address, "{plain}", w.Fleet.PlainAddr(w.Origin.Backend))
	v := nginxValues{
		Dir: dir, ESP: w.Origin.Address, Origin: w.Fleet.Addr(w.Origin.Backend),
		HTTP: addrs[0], HTTPS: addrs[1], Host: w.Host, Plain: naming.Replace(s.Plain), Secure: naming.Replace(s.Secure), NoHTTP2: s.NoHTTP2,
	}
	if os.Geteuid() == 0 {
		v.User = "user root root;" // who else could not write to the test's folder
	}
	writeKeyPair(t, w, dir)
	v.Servers = render(t, nginxServers, v)
	config := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(config, []byte(render(t, nginxConfig, v)), 0o600))
	cmd := exec.Command(path, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", config)
	cmd.Env = append(os.Environ(), "NGINX=3;4;")
	cmd.ExtraFiles = sockets
	runNginx(t, cmd, filepath.Join(dir, "error.log"))
	return addrs[0], addrs[1]
}

func render(t testing.TB, text *template.Template, v nginxValues) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, text.Execute(&b, v))
	return b.String()
}

// inheritable listens and returns the sockets as files.
func inheritable(t testing.TB, n int) (files []*os.File, addrs []string) {
	t.Helper()
	for range n {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		file, err := ln.(*net.TCPListener).File()
		require.NoError(t, err)
		addrs = append(addrs, ln.Addr().String())
		files = append(files, file)
		ln.Close()
	}
	return files, addrs
}

func writeKeyPair(t testing.TB, w *World, dir string) {
	t.Helper()
	pair := w.Authority.Issue(t, w.TLS.Cert)
	var chain []byte
	for _, der := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cert.pem"), chain, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
}

// runNginx starts it and stops it when the test ends. That it ends before is an
// error, with what it said.
func runNginx(t testing.TB, cmd *exec.Cmd, log string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	for _, f := range cmd.ExtraFiles {
		f.Close() // once nginx has gone nobody listens
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }() // how it ended is in ProcessState
	t.Cleanup(func() {
		early := false
		select {
		case <-ended:
			early = true
		default:
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have gone just now
			<-ended
		}
		// A signal that comes before nginx listens to signals is no failure of
		// nginx.
		if early || cmd.ProcessState.ExitCode() > 0 {
			written, _ := os.ReadFile(log)
			t.Errorf("nginx ended by itself: %s%s", said.String(), string(written))
		}
	})
}
