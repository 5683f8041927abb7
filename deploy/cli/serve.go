package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/serve"
)

func (env *Env) serveCommand() *cobra.Command {
	o := &serve.Options{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the module here, with stand-ins for the ESPs",
		Long: `Runs the module on a simulator of Fastly Compute, prints requests to try, and one line
for each request that comes in: when, what, for whom, what it got, and why.

At the address that is printed, on localhost and loopback addresses, there is a page for a
browser on this machine: it explains links, has links to click, shows each request with what
the ESP was sent and the host calls, and has switches for faults, retired ESPs and recalls.
These change the running module and write no file. A link domain is never answered by it.

Behind the module stand-ins answer as the ESPs would, on this machine and over TLS, each under
its own name: nothing leaves the machine. --origins real proxies to the ESPs themselves;
--origins BACKEND=URL sends one backend somewhere else. --fault BACKEND=500 lets a
stand-in fail (` + serve.FaultNames + `).

Without --module the module is built, as "clickedge build" does it. Secrets come from --keys;
without it they are made up at the start, and the links that are printed are good until
the end.

A sites.json that has changed is put into service at once, and so are a file that it
names, an archive and a module that was built anew; no request is lost. A broken sites.json is
reported, and the old one stays.

--archive puts learned links into the module, as build does it: with --fault sendgrid=refuse
a reader of such a link arrives. Nothing is learned here, as there is no KV store.

With --tls the link domains are answered over https too (HTTP/1.1), with certificates
of an authority that is made for this run: its certificate is in the file that is
printed, for curl --cacert and for "clickedge doctor --ca".`,
		Example: `  clickedge serve
  clickedge serve --sites deploy/examples/ses.json --addr 127.0.0.1:0
  clickedge serve --tls
  clickedge serve --fault customerio-eu=refuse
  clickedge serve --archive links.ndjson --fault sendgrid=refuse
  clickedge serve --origins customerio-eu=http://127.0.0.1:9000 -v`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return env.serve(cmd.Context(), o) },
	}
	sitesFlag(cmd, &o.Sites)
	f := cmd.Flags()
	f.StringVar(&o.Module, "module", "", "`file` with a built module (default: build it)")
	f.StringVar(&o.Archive, "archive", "", "`file` with learned links to put into the module, with these sites (default: those of --module, or none)")
	f.StringVar(&o.Addr, "addr", "127.0.0.1:7676", "the `address` to listen on; port 0 lets the system choose")
	f.BoolVar(&o.TLS, "tls", false, "answer https as well, with certificates made for this run")
	f.StringVar(&o.TLSAddr, "tls-addr", serve.DefaultTLSAddr, "the `address` to listen on for https; implies --tls")
	f.StringVar(&o.TLSCA, "tls-ca", "", "write the certificate authority to this `file` and leave it there; implies --tls")
	f.StringArrayVar(&o.Origins, "origins", nil, "stand-in, real, or `BACKEND=URL`; may be given again (default stand-in)")
	f.StringArrayVar(&o.Faults, "fault", nil, "let a stand-in fail: `BACKEND=FAULT`; may be given again")
	f.StringVar(&o.Keys, "keys", "", "`file` with secrets, as lines of kid=secret or JSON")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "print targets, host calls and what the ESP was sent: these hold personal data")
	f.BoolVar(&o.JSON, "json", false, "print the click log itself")
	_ = cmd.MarkFlagFilename("module", "wasm")
	return cmd
}

func (env *Env) serve(ctx context.Context, o *serve.Options) error {
	o.Out, o.Err, o.Now, o.In, o.Source = env.Out, env.Err, env.Now, env.in, env.keys()
	o.Linger = func(d time.Duration) {
		if env.linger != nil {
			env.linger.Store(int64(d))
		}
	}
	return serve.Run(ctx, *o)
}
