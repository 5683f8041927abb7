package cli

import (
	"context"
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

Port 80 answers links itself; it does not redirect to https. With --cert and --key https
is answered too (TLS 1.2 and 1.3, HTTP/1.1): the certificate must be for every link
domain. Certificates are not fetched or renewed: that is for another program, and a
file that has changed is used at once.

The click log goes to standard output, or to the file of --log, which SIGHUP opens
again after it was moved away. Messages go to standard error. Secrets of signed links
come from the environment (CLICKEDGE_KEY_K1) and from --keys. What is learned of links
is kept in the file of --links; one server at a time can have it. --archive names links
that are known beforehand. --overrides is a file
{"link.example.com": {"esp": …}}: its sites take the place of those of sites.json.

Each file that has changed is put into service within two seconds; SIGHUP does so at
once. A broken file is reported, and what was in service stays. SIGTERM and Ctrl-C end
the server when the requests under way have been answered, after half a minute at most.

A client has half a minute for the head of a request, 15 seconds between two pieces of
its body, and half a minute to take a piece of the answer. Each port takes 10,000
connections, 500 of them from one address (or /64 of IPv6), loopback apart. An origin
gets 1,000 at most.`,
		Example: `  clickedge server --http 127.0.0.1:8080
  clickedge server --cert link.example.com.pem --key link.example.com.key
  clickedge server --keys /etc/clickedge/keys --links /var/lib/clickedge/links --log /var/log/clickedge/clicks.ndjson`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return env.server(cmd.Context(), o) },
	}
	sitesFlag(cmd, &o.Sites)
	f := cmd.Flags()
	f.StringVar(&o.HTTP, "http", ":80", "the `address` to listen on for http; \"\" for none")
	f.StringVar(&o.HTTPS, "https", "", "the `address` to listen on for https (default \""+server.DefaultHTTPS+"\" with --cert)")
	f.StringVar(&o.Cert, "cert", "", "`file` with the certificate and its chain, in PEM")
	f.StringVar(&o.Key, "key", "", "`file` with the certificate's private key, in PEM")
	f.StringVar(&o.Keys, "keys", "", "`file` with secrets of signed links, as lines of kid=secret or JSON")
	f.StringVar(&o.Overrides, "overrides", "", "`file` with sites that take the place of those of sites.json")
	f.StringVar(&o.Links, "links", "", "`file` of learned links; made where it does not exist")
	f.StringVar(&o.Archive, "archive", "", "`file` of links that are known beforehand, as clickedge archive export and learn write it")
	f.StringVar(&o.Log, "log", "-", "`file` to append the click log to; - is standard output")
	return cmd
}

func (env *Env) server(ctx context.Context, o *server.Options) error {
	o.Out, o.Err, o.In, o.Source, o.Hangups = env.Out, env.Err, env.in, env.keys(), interrupt.Hangups()
	o.Linger = func(d time.Duration) {
		if env.linger != nil {
			env.linger.Store(int64(d))
		}
	}
	return server.Run(ctx, *o)
}
