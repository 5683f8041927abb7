package doctortest

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

// realServer is a server of this machine: how it is found, and how it is
// started with a configuration in a folder of its own.
type realServer struct {
	paths  []string // of the program
	debian string   // the package
	config string   // around what a set-up says; see startServer for the names
	file   string   // of the configuration
	args   []string // {dir} and {config} are filled in
	// endsTLS says whether it speaks TLS to readers; where not, the lab does it
	// before it.
	endsTLS bool
	// inherits: it takes its sockets over from this process, as nginx does from
	// an older nginx in an upgrade on the fly (environment NGINX): so ports
	// cannot be lost between their choice and the start, and connections that
	// come early wait in the queue.
	inherits bool
}

var realServers = map[Front]realServer{
	Nginx: {
		paths: []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"}, debian: "nginx-light", file: "nginx.conf", endsTLS: true, inherits: true,
		args: []string{"-p", "{dir}", "-e", "{dir}/error.log", "-c", "{config}"}, config: nginxConfig,
	},
	Apache: {
		paths: []string{"apache2", "/usr/sbin/apache2", "httpd"}, debian: "apache2", file: "httpd.conf", endsTLS: true,
		args: []string{"-D", "FOREGROUND", "-d", "{dir}", "-f", "{config}"}, config: apacheConfig,
	},
	Caddy: {
		paths: []string{"caddy", "/usr/bin/caddy"}, debian: "caddy", file: "Caddyfile", endsTLS: true,
		args: []string{"run", "--config", "{config}", "--adapter", "caddyfile"}, config: caddyConfig,
	},
	HAProxy: {
		paths: []string{"haproxy", "/usr/sbin/haproxy"}, debian: "haproxy", file: "haproxy.cfg", endsTLS: true,
		args: []string{"-db", "-f", "{config}"}, config: haproxyConfig,
	},
	Varnish: {
		paths: []string{"varnishd", "/usr/sbin/varnishd"}, debian: "varnish", file: "default.vcl",
		args: []string{"-F", "-j", "none", "-n", "{dir}/work", "-a", "127.0.0.1:{http}", "-f", "{config}", "-p", "http_req_hdr_len=16k", "-s", "malloc,8m"}, config: varnishConfig,
	},
}

// The configurations hold what a guide of each server comes to; {server} and
// {proxy} are what a set-up adds to the server and to what it proxies.
const apacheConfig = `
ServerName lab.example
PidFile {dir}/pid
ErrorLog {dir}/error.log
Mutex pthread
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ServerLimit 2
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
ServerTokens Full
Protocols h2 http/1.1
Listen 127.0.0.1:{http}
Listen 127.0.0.1:{https}
<VirtualHost 127.0.0.1:{http}>
	ServerName {host}
	Redirect 308 "/" "https://{host}/"
</VirtualHost>
<VirtualHost 127.0.0.1:{https}>
	ServerName {host}
	SSLEngine on
	SSLCertificateFile {dir}/cert.pem
	SSLCertificateKeyFile {dir}/key.pem
	SSLProxyEngine On
	SSLProxyCACertificateFile {dir}/esp.pem
	{server}
	{proxy}
</VirtualHost>
`

const caddyConfig = `
{
	admin off
	auto_https disable_redirects
	http_port {http}
	https_port {https}
	storage file_system {dir}/storage
}
http://{host}:{http} {
	redir https://{host}{uri} 308
}
https://{host}:{https} {
	tls {dir}/cert.pem {dir}/key.pem
	{server}
	{proxy}
}
`

const haproxyConfig = `
global
	maxconn 256
	tune.ssl.default-dh-param 2048
defaults
	mode http
	timeout connect 5s
	timeout client 10s
	timeout server 10s
frontend plain
	bind 127.0.0.1:{http}
	http-request redirect scheme https code 308
frontend links
	bind 127.0.0.1:{https} ssl crt {dir}/both.pem alpn h2,http/1.1
	{server}
	default_backend esp
backend esp
	{proxy}
`

const varnishConfig = `
vcl 4.1;
backend esp { .host = "127.0.0.1"; .port = "{espport}"; {proxy} }
sub vcl_recv {
	{server}
}
`

// findServer returns a server's path. Where there is none the test is skipped,
// unless CLICKEDGE_SERVERS=required is set.
func findServer(t testing.TB, s *realServer) string {
	t.Helper()
	for _, name := range s.paths {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	none := "no " + s.debian + " on this machine: install one (Debian: apt-get install " + s.debian + ")"
	if os.Getenv("CLICKEDGE_SERVERS") == "required" {
		t.Fatal(none)
	}
	t.Skip(none)
	return ""
}

// startServer runs a server with what the set-up says. {origin} stands for
// where the ESP listens, {plain} for where it is asked over http, {esp} for its
// name, {dir} for the folder. It returns where http and https are answered,
// "127.0.0.1:port" each.
func startServer(t testing.TB, w *World, s *realServer, setup *Setup) (plain, secure string) {
	t.Helper()
	path := findServer(t, s)
	dir := t.TempDir()
	writeKeyPair(t, w, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "esp.pem"), w.Fleet.CAPEM(), 0o600))
	espPlain := w.Fleet.PlainAddr(w.Origin.Backend)
	_, espPort, err := net.SplitHostPort(espPlain)
	require.NoError(t, err)
	at, sockets := s.choosePorts(t)
	fill := strings.NewReplacer("{server}", setup.Secure, "{proxy}", setup.Plain)
	names := strings.NewReplacer(
		"{dir}", dir, "{config}", filepath.Join(dir, s.file), "{http}", strconv.Itoa(at[0]), "{https}", strconv.Itoa(at[1]),
		"{host}", w.Host, "{esp}", w.Origin.Address, "{origin}", w.Fleet.Addr(w.Origin.Backend), "{plain}", espPlain, "{espport}", espPort,
		"{user}", nginxUser(), "{http2}", map[bool]string{false: " http2"}[setup.NoHTTP2],
	)
	require.NoError(t, os.WriteFile(filepath.Join(dir, s.file), []byte(names.Replace(fill.Replace(s.config))), 0o600))
	var args []string
	for _, arg := range s.args {
		args = append(args, names.Replace(arg))
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "APACHE_RUN_DIR="+dir)
	listens := []string{join(at[0]), join(at[1])} // Caddy opens its ports one after the other
	switch {
	case s.inherits:
		cmd.Env, cmd.ExtraFiles, listens = append(cmd.Env, "NGINX=3;4;"), sockets, nil
	case !s.endsTLS:
		listens = listens[:1]
	}
	runServer(t, cmd, filepath.Join(dir, "error.log"), listens...)
	return join(at[0]), join(at[1])
}

// choosePorts returns the ports of http and of https, with the sockets at them
// where the server inherits these.
func (s *realServer) choosePorts(t testing.TB) (at [2]int, sockets []*os.File) {
	t.Helper()
	for i := range at {
		if s.inherits {
			socket, port := inheritable(t)
			sockets, at[i] = append(sockets, socket), port
		} else {
			at[i] = quietPort(t)
		}
	}
	return at, sockets
}

// taken are the ports that this process has given to servers.
var taken sync.Map

// quietPort is one on which nobody listens, below those that the system gives
// to clients (RFC 6335): so it is still free when the server comes to it.
func quietPort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 12000 + rand.IntN(18000)
		if _, used := taken.LoadOrStore(port, true); used {
			continue
		}
		if ln, err := net.Listen("tcp4", join(port)); err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// passOn hands requests on over http, as what ends TLS before Varnish does.
func passOn(addr string) http.Handler {
	return &Proxy{Origin: &core.Origin{}, Dial: func() (net.Conn, error) { return net.Dial("tcp", addr) }, TrustForwardedHost: true}
}

func join(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// writeKeyPair writes certificate and key, and both in one file, as HAProxy
// wants them.
func writeKeyPair(t testing.TB, w *World, dir string) {
	t.Helper()
	pair := w.Authority.Issue(t, w.TLS.Cert)
	var chain []byte
	for _, der := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for name, data := range map[string][]byte{"cert.pem": chain, "key.pem": key, "both.pem": slices.Concat(chain, key)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// runServer starts a server, returns when it accepts connections at every
// address, and stops it when the test ends. That it ends before is an error,
// with what it said.
func runServer(t testing.TB, cmd *exec.Cmd, log string, addrs ...string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // workers included
	require.NoError(t, cmd.Start())
	for _, f := range cmd.ExtraFiles {
		f.Close() // once the server has gone nobody listens
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }() // how it ended is in ProcessState
	t.Cleanup(func() {
		early := false
		select {
		case <-ended:
			early = true
		default:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have gone just now
			<-ended
		}
		if early || cmd.ProcessState.ExitCode() > 0 {
			written, _ := os.ReadFile(log)
			t.Errorf("%s ended by itself: %s%s", cmd.Path, said.String(), string(written))
		}
	})
	for len(addrs) > 0 {
		conn, err := net.Dial("tcp", addrs[0])
		if err == nil {
			conn.Close()
			addrs = addrs[1:]
			continue
		}
		select {
		case <-ended:
			t.FailNow() // what it said follows
		case <-time.After(20 * time.Millisecond):
		}
	}
}
