package doctortest

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// nginxConfig is nginx.conf with the two server blocks of a guide. The origin
// has its real name there, which an upstream of that name leads to the
// stand-in, so that everything nginx derives from the name is as in production.
// Nothing outside its folder is touched. (Without a master process nginx 1.22
// cannot take sockets over.)
const nginxConfig = `
daemon off;
worker_processes 1;
{user}
pid {dir}/pid;
error_log {dir}/error.log warn;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	ssl_session_tickets off;
	proxy_cache_path {dir}/cache levels=1:2 keys_zone=links:1m;
	upstream {esp} { server {origin}; }
	server {
		listen 127.0.0.1:{http};
		server_name {host};
		{proxy}
	}
	server {
		listen 127.0.0.1:{https} ssl{http2};
		server_name {host};
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_certificate {dir}/cert.pem;
		ssl_certificate_key {dir}/key.pem;
		{server}
	}
}
`

// nginxUser is as whom nginx's worker runs: who else than root could not write
// to a test's folder of root's.
func nginxUser() string {
	if os.Geteuid() == 0 {
		return "user root root;"
	}
	return ""
}

// inheritable listens and returns the socket as a file.
func inheritable(t testing.TB) (file *os.File, port int) {
	t.Helper()
	ln, err := net.Listen("tcp4", join(0))
	require.NoError(t, err)
	defer ln.Close()
	file, err = ln.(*net.TCPListener).File()
	require.NoError(t, err)
	return file, ln.Addr().(*net.TCPAddr).Port
}
