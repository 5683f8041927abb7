package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/testmail"
)

func (env *Env) testmailCommand() *cobra.Command {
	o := &testmail.Order{}
	cmd := &cobra.Command{
		Use:   "testmail --site HOST (--smtp SERVER | --eml FILE | --html FILE) [flags]",
		Short: "Make the mail with which clicks are tested",
		Long: `Makes a mail with one button that the ESP tracks and one that carries the ESP's own
switch against that, and says in it what to look at. It is sent through a mail server,
as a rule the ESP's own, or written as a message or as HTML for an ESP's editor.

A site with keys gets a button with a signed link, and an open pixel, if the secret
of its first key is given (--key-file or ` + contract.KeyVariable + `<KID>).

The server is spoken to over TLS: at once on port 465, by STARTTLS on any other. The
password comes from ` + testmail.PasswordEnv + ` or --smtp-password-file.`,
		Example: `  clickedge testmail --site link.example.com --html test.html
  clickedge testmail --site link.example.com --from ann@example.com --to bo@example.net --eml test.eml
  ` + testmail.PasswordEnv + `=… clickedge testmail --site link.example.com --from ann@example.com --to bo@example.net \
    --smtp email-smtp.us-east-1.amazonaws.com:587 --smtp-user AKIA… --header 'X-SES-CONFIGURATION-SET: clicks'`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return env.testmail(cmd.Context(), o) },
	}
	sitesFlag(cmd, &o.SitesFile)
	keyFileFlag(cmd, &o.KeyFiles)
	f := cmd.Flags()
	f.StringVar(&o.Host, "site", "", "the link `domain` (default the only one)")
	f.StringVar(&o.ESP, "esp", "", "which of the site's ESPs sends it, by its `preset` (default the site's own)")
	f.StringVar(&o.Target, "target", "", "the `URL` to which the buttons lead (default the site's home, or its first destination)")
	f.StringVar(&o.From, "from", "", "the sender's `address`, one that the ESP lets send")
	f.StringArrayVar(&o.To, "to", nil, "a recipient's `address`; may be given again")
	f.StringVar(&o.Subject, "subject", "", "the subject, one `line`")
	f.StringArrayVar(&o.Fields, "header", nil, "a `field` for the message, as in 'X-SES-CONFIGURATION-SET: clicks'; may be given again")
	f.BoolVar(&o.Untracked, "untracked", false, "ask the ESP to leave every link alone, by a field of the message or an attribute of each link; refused where it has neither")
	f.StringVar(&o.Unsubscribe, "list-unsubscribe", "", "add List-Unsubscribe with this https `URL`, and List-Unsubscribe-Post for one click (RFC 8058)")
	f.StringVar(&o.SMTP, "smtp", "", "send through the mail server `HOST:PORT`; without a port it is 587")
	f.StringVar(&o.User, "smtp-user", "", "log in to the mail server as `user`")
	f.StringVar(&o.PasswordFile, "smtp-password-file", "", "the `file` with the password for it")
	f.BoolVar(&o.Plain, "insecure-smtp", false, "speak without TLS, to a mail server on this machine only")
	f.StringVar(&o.CA, "ca", "", "trust the certificate authorities in this PEM `file` instead of the system's")
	f.StringVar(&o.EMLFile, "eml", "", "write the message to this `file`, or to standard output for -")
	f.StringVar(&o.HTMLFile, "html", "", "write the HTML part to this `file`, or to standard output for -")
	_ = cmd.MarkFlagFilename("smtp-password-file")
	_ = cmd.MarkFlagFilename("eml", "eml")
	_ = cmd.MarkFlagFilename("html", "html")
	return cmd
}

func (env *Env) testmail(ctx context.Context, o *testmail.Order) error {
	o.Now, o.In, o.Keys, o.LookupEnv, o.Stdout, o.Err = env.Now(), env.in, env.keys(), env.LookupEnv, env.Out, env.Err
	return o.Run(ctx)
}
