package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/collect"
	"github.com/clickedge/clickedge/deploy/interrupt"
)

func (env *Env) collectCommand() *cobra.Command {
	o := &collect.Options{}
	cmd := &cobra.Command{
		Use:   "collect --dir FOLDER",
		Short: "Receive the click log over HTTPS, into files and a database",
		Long: `Takes the click log from Fastly's HTTPS log endpoint and from "clickedge server", and keeps
it in files below FOLDER/clicks, which "clickedge clicks" reads. A batch is answered with
200 when it is on the disk; a sender that gets another answer, or none, has to send it
again. A line that comes twice stands twice in the files, and counts once.

Lines are NDJSON or an array of JSON, packed by gzip or not, POSTed to any path. What is no
line of the click log is kept in FOLDER/rejected, and said. A file ends with its hour (UTC),
at --file-mib, or after SIGHUP; --gzip compresses it then. --keep removes it after so many days.

--postgres and --duckdb load the files into a database, which says itself how far they are
loaded, so that no line is lost or loaded twice, whatever stops and however long. Its
tables are made where they do not exist. The password of PostgreSQL comes from PGPASSWORD
or ~/.pgpass. DuckDB is loaded by the program duckdb, which must be installed; between two
loads others may have the file. What a database refuses is kept in FOLDER/rejected.

Senders show a token: the whole value of the header field Authorization, or of that of
--log-header. It comes from the environment (CLICKEDGE_LOG_HTTPS_HEADER_VALUE), from
--log-token, or from systemd's credential clickedge.log. --old-token is taken beside it while
senders change theirs.

Fastly asks first whether a service may send here: --service names its id. It wants https
with a certificate that browsers trust: --cert and --key, or a program in front that answers
https. Changed files are read again within two seconds, or after SIGHUP. /healthz says
whether lines are kept. SIGTERM and Ctrl-C end it after the batches under way.

256 connections are taken, and four batches are read at once, of --body-mib at most each.
A sender has 10 seconds for the head, 15 between two pieces, and two minutes for a batch.`,
		Example: `  clickedge collect --dir /var/lib/clickedge/log --log-token /etc/clickedge/log --service SU1Z0isxPaozGVKXdv0eY
  clickedge collect --dir log --log-token token --listen :443 --cert logs.example.com.pem --key logs.example.com.key
  clickedge collect --dir log --log-token token --postgres postgres://clickedge@db.example.com/clicks?sslmode=verify-full
  clickedge collect --dir log --log-token token --duckdb clicks.db --keep 30`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd, "dir", "listen", "cert", "key", "log-token", "old-token", "log-header", "postgres", "duckdb", "duckdb-program"); err != nil {
				return err
			}
			return env.collect(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", "", "`folder` of the log; made where it does not exist")
	f.StringVar(&o.Listen, "listen", collect.DefaultListen, "the `address` to listen on")
	f.StringVar(&o.Cert, "cert", "", "`file` with the certificate and its chain, in PEM")
	f.StringVar(&o.Key, "key", "", "`file` with the certificate's private key, in PEM")
	f.BoolVar(&o.Plain, "plain-http", false, "take http without TLS on an address that others can reach")
	f.StringArrayVar(&o.Service, "service", nil, "`id` of a service of Fastly that may send here, \"*\" for any; may be given again")
	f.StringVar(&o.Token, "log-token", "", "`file` with the token, the whole value of the header field")
	f.StringVar(&o.OldToken, "old-token", "", "`file` with a token that is taken as well")
	f.StringVar(&o.Field, "log-header", "", "the header `field` that has the token (default Authorization)")
	f.BoolVar(&o.Open, "no-token", false, "hear whoever reaches the address")
	f.IntVar(&o.FileMiB, "file-mib", 0, fmt.Sprintf("the `MiB` at which a file ends (default %d)", collect.FileMiB))
	f.IntVar(&o.BodyMiB, "body-mib", 0, fmt.Sprintf("the most `MiB` of a batch, unpacked (default %d)", collect.BodyMiB))
	f.BoolVar(&o.Gzip, "gzip", false, "compress files that have ended")
	f.IntVar(&o.Keep, "keep", 0, "remove files after so many `days`, if they are in every database; 0 for never")
	f.StringVar(&o.Postgres, "postgres", "", "`URL` of a PostgreSQL database to load into, without a password")
	f.StringVar(&o.DuckDB, "duckdb", "", "`file` of a DuckDB database to load into; made where it does not exist")
	f.StringVar(&o.Program, "duckdb-program", "", "the `program` that loads into DuckDB (default duckdb)")
	return cmd
}

func (env *Env) collect(ctx context.Context, o *collect.Options) error {
	o.Err, o.In, o.LookupEnv, o.Hangups = env.Err, env.in, env.LookupEnv, interrupt.Hangups()
	o.Credentials, _ = env.LookupEnv("CREDENTIALS_DIRECTORY")
	o.Linger = func(d time.Duration) {
		if env.linger != nil {
			env.linger.Store(int64(d))
		}
	}
	return collect.Run(ctx, *o)
}
