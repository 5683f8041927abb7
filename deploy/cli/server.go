package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/server"
)

func (env *Env) serverCommand() *cobra.Command {
	o := &server.Options{}
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Answer the link domains on this machine, without a CDN",
		Long: `Answers requests on the link domains of sites.json as the module does on Fastly: the same
decisions, the same click log. It talks to the ESPs themselves. ("clickedge serve" is
for trying out, with stand-ins.)

Port 80 answers links itself; it does not redirect to https. Https (TLS 1.2 and 1.3,
HTTP/1.1) is answered too with certificates. --certificates names a folder for those that
are fetched from Let's Encrypt, or from --acme-ca, when the first reader of a site comes,
and renewed; you agree to the terms of that CA. The CA must reach port 80 or 443. After a
refusal it is asked again in ten minutes, then later and later, or after SIGHUP. Or --cert
and --key name your own, which must be for every link domain; a changed file is used at
once.

The click log goes to standard output, or to the file of --log, which SIGHUP opens
again after it was moved away. Beside the file is FILE.journal while the server runs:
lines are there before the answer, and in the file some milliseconds later. What a server
that was killed has left there, the next one writes to the file. --log https://… sends it to a receiver, in batches that
wait in the folder of --log-spool until the receiver has taken them; its token comes from
the environment (CLICKEDGE_LOG_HTTPS_HEADER_VALUE), from --log-token, or from the
credential clickedge.log of systemd. Messages go to standard error. Secrets of signed links
come from the environment (CLICKEDGE_KEY_K1), from --keys, and from the credential
clickedge.keys of systemd. What is learned of links
is kept in the file of --links; one server at a time can have it. --archive names links
that are known beforehand. --overrides is a file
{"link.example.com": {"esp": …}}: its sites take the place of those of sites.json.

Each file that has changed is put into service within two seconds; SIGHUP does so at
once. A broken file is reported, and what was in service stays. SIGTERM and Ctrl-C end
the server when the requests under way have been answered, after half a minute at most.

--metrics is for Prometheus (/metrics) and for probes (/healthz), on this machine alone
unless you name another address. In place of an address, "systemd" takes the socket that
systemd has opened, by its FileDescriptorName: http, https or metrics.

A client has half a minute for the head of a request, 15 seconds between two pieces of
its body, 10 MiB at most, and half a minute to take a piece of the answer. Each port takes 10,000
connections, 500 of them from one address (or /64 of IPv6), loopback apart. An origin
gets 1,000 at most.`,
		Example: `  clickedge server --http 127.0.0.1:8080
  clickedge server --certificates /var/lib/clickedge/certificates --acme-email you@example.com
  clickedge server --cert link.example.com.pem --key link.example.com.key
  clickedge server --keys /etc/clickedge/keys --links /var/lib/clickedge/links --log /var/log/clickedge/clicks.ndjson`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return env.server(cmd.Context(), o) },
	}
	sitesFlag(cmd, &o.Sites)
	f := cmd.Flags()
	f.StringVar(&o.HTTP, "http", ":80", "the `address` to listen on for http; \"\" for none")
	f.StringVar(&o.HTTPS, "https", "", "the `address` to listen on for https (default \""+server.DefaultHTTPS+"\" with certificates)")
	f.StringVar(&o.Cert, "cert", "", "`file` with the certificate and its chain, in PEM")
	f.StringVar(&o.Key, "key", "", "`file` with the certificate's private key, in PEM")
	f.StringVar(&o.ACME.Dir, "certificates", "", "`folder` for certificates that are fetched and renewed")
	f.StringVar(&o.ACME.CA, "acme-ca", "", "`URL` of the directory of the CA (default Let's Encrypt)")
	f.StringVar(&o.ACME.Email, "acme-email", "", "`address` that the CA may write to")
	f.StringVar(&o.ACME.Roots, "acme-root", "", "`file` with the certificate, in PEM, that a CA of your own is trusted by")
	f.StringVar(&o.Metrics, "metrics", server.DefaultMetrics, "the `address` of /metrics and /healthz; \"\" for none")
	f.StringVar(&o.Keys, "keys", "", "`file` with secrets of signed links, as lines of kid=secret or JSON")
	f.StringVar(&o.Overrides, "overrides", "", "`file` with sites that take the place of those of sites.json")
	f.StringVar(&o.Links, "links", "", "`file` of learned links; made where it does not exist")
	f.StringVar(&o.Archive, "archive", "", "`file` of links that are known beforehand, as clickedge archive export and learn write it")
	f.StringVar(&o.Log, "log", "-", "`file` to append the click log to, - for standard output, or the https URL of its receiver")
	d := &o.Delivery
	f.StringVar(&d.Spool, "log-spool", "", "`folder` in which lines wait for the log's receiver; made where it does not exist")
	f.IntVar(&d.MiB, "log-spool-mib", 0, fmt.Sprintf("the most `MiB` that wait there (default %d)", server.SpoolMiB))
	f.StringVar(&d.Token, "log-token", "", "`file` with the token of the log's receiver, the whole value of its header field")
	f.StringVar(&d.Field, "log-header", "", "the header `field` that has the token (default Authorization)")
	f.StringVar(&d.Roots, "log-root", "", "`file` with the certificate, in PEM, that the log's receiver is trusted by (default the system's)")
	f.BoolVar(&d.Gzip, "log-gzip", false, "compress what is sent to the log's receiver")
	cmd.AddCommand(env.serverHealthCommand())
	return cmd
}

func (env *Env) server(ctx context.Context, o *server.Options) error {
	o.Out, o.Err, o.In, o.Source, o.Hangups = env.Out, env.Err, env.in, env.keys(), interrupt.Hangups()
	o.Credentials, _ = env.LookupEnv("CREDENTIALS_DIRECTORY")
	var err error
	if o.Sockets, err = server.Sockets(); err != nil {
		return err
	}
	o.Linger = func(d time.Duration) {
		if env.linger != nil {
			env.linger.Store(int64(d))
		}
	}
	return server.Run(ctx, *o)
}
