package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/signedlink"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/testmail"
)

// smtpPasswordEnv holds the password for the mail server.
const smtpPasswordEnv = "CLICKEDGE_SMTP_PASSWORD"

type testmailCmd struct {
	env          *Env
	sites        string
	site         string
	opt          testmail.Options
	keyFiles     []string
	smtp         string
	user         string
	passwordFile string
	insecure     bool
	ca           string
	eml          string
	html         string
}

func (env *Env) testmailCommand() *cobra.Command {
	m := &testmailCmd{env: env}
	cmd := &cobra.Command{
		Use:   "testmail --site HOST (--smtp SERVER | --eml FILE | --html FILE) [flags]",
		Short: "Make the mail with which clicks are tested",
		Long: `Makes a mail with one button that the ESP tracks and one that carries the ESP's own
switch against that, and says in it what to look at. It is sent through a mail server,
as a rule the ESP's own, or written as a message or as HTML for an ESP's editor.

A site with keys gets a button with a signed link, and an open pixel, where the secret
of its first key is at hand (--key-file or ` + contract.KeyVariable + `<KID>).

The server is spoken to over TLS: at once on port 465, by STARTTLS on any other. The
password comes from ` + smtpPasswordEnv + ` or --smtp-password-file.`,
		Example: `  clickedge testmail --site link.example.com --html test.html
  clickedge testmail --site link.example.com --from ann@example.com --to bo@example.net --eml test.eml
  ` + smtpPasswordEnv + `=… clickedge testmail --site link.example.com --from ann@example.com --to bo@example.net \
    --smtp email-smtp.us-east-1.amazonaws.com:587 --smtp-user AKIA… --header 'X-SES-CONFIGURATION-SET: clicks'`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context()) },
	}
	sitesFlag(cmd, &m.sites)
	keyFileFlag(cmd, &m.keyFiles)
	f := cmd.Flags()
	f.StringVar(&m.site, "site", "", "the link `domain` (default the only one)")
	f.StringVar(&m.opt.Target, "target", "", "the `URL` to which the buttons lead (default the site's home, or its first destination)")
	f.StringVar(&m.opt.From, "from", "", "the sender's `address`, one that the ESP lets send")
	f.StringArrayVar(&m.opt.To, "to", nil, "a recipient's `address`; may be given again")
	f.StringVar(&m.opt.Subject, "subject", "", "the subject, one `line`")
	f.StringArrayVar(&m.opt.Fields, "header", nil, "a `field` for the message, as in 'X-SES-CONFIGURATION-SET: clicks'; may be given again")
	f.BoolVar(&m.opt.Untracked, "untracked", false, "ask the ESP to leave every link alone, by a field of the message or an attribute of each link; refused where it has neither")
	f.StringVar(&m.opt.Unsubscribe, "list-unsubscribe", "", "add List-Unsubscribe with this https `URL`, and List-Unsubscribe-Post for one click (RFC 8058)")
	f.StringVar(&m.smtp, "smtp", "", "send through the mail server `HOST:PORT`; without a port it is 587")
	f.StringVar(&m.user, "smtp-user", "", "log in to the mail server as `user`")
	f.StringVar(&m.passwordFile, "smtp-password-file", "", "the `file` with the password for it")
	f.BoolVar(&m.insecure, "insecure-smtp", false, "speak without TLS, to a mail server on this machine only")
	f.StringVar(&m.ca, "ca", "", "trust the certificate authorities in this PEM `file` instead of the system's")
	f.StringVar(&m.eml, "eml", "", "write the message to this `file`, or to standard output for -")
	f.StringVar(&m.html, "html", "", "write the HTML part to this `file`, or to standard output for -")
	_ = cmd.MarkFlagFilename("smtp-password-file")
	_ = cmd.MarkFlagFilename("eml", "eml")
	_ = cmd.MarkFlagFilename("html", "html")
	return cmd
}

func (m *testmailCmd) run(ctx context.Context) error {
	switch {
	case m.eml == files.Std && m.html == files.Std:
		return failure.Usage(errors.New("--eml and --html both go to standard output"), "give one of them a file")
	case m.smtp == "" && m.eml == "" && m.html == "":
		return failure.Usage(errors.New("testmail: nowhere to put the mail"), "give --smtp HOST:PORT, --eml FILE or --html FILE")
	}
	server, err := m.server()
	if err != nil {
		return err
	}
	mail, err := m.make()
	if err != nil {
		return err
	}
	if err := m.write(mail); err != nil || m.smtp == "" {
		return err
	}
	if err := mail.Send(ctx, server); err != nil {
		if stop := interrupt.Of(m.env.in.Ctx, "whether the server took the mail is not known"); stop != nil {
			return stop
		}
		return failure.Bad(fmt.Errorf("the mail was not sent through %s: %w", server, err), sendHint(err))
	}
	fmt.Fprintf(m.env.Err, "sent to %s through %s\n", strings.Join(m.opt.To, ", "), server)
	return nil
}

func sendHint(err error) string {
	switch {
	case errors.Is(err, testmail.ErrPlain):
		return "leave --insecure-smtp out"
	case errors.Is(err, testmail.ErrLogin):
		return "give --smtp-user, and the password in " + smtpPasswordEnv + " or --smtp-password-file"
	}
	return "--eml FILE writes the message instead"
}

// make gathers what the mail is made of.
func (m *testmailCmd) make() (*testmail.Mail, error) {
	sites, _, err := sitesfile.Load(m.env.in, m.sites)
	if err != nil {
		return nil, err
	}
	if m.opt.Site, err = m.choose(sites); err != nil {
		return nil, err
	}
	m.opt.Now, m.opt.HTMLOnly = m.env.Now(), m.smtp == "" && m.eml == ""
	if m.opt.Target == "" {
		m.opt.Target = usualTarget(m.opt.Site)
	}
	if m.opt.Target == "" {
		return nil, failure.Usage(fmt.Errorf("site %s names neither a home nor a destination", m.opt.Site.Host), "say with --target where the buttons lead")
	}
	if (m.smtp != "" || m.eml != "") && (m.opt.From == "" || len(m.opt.To) == 0) {
		return nil, failure.Usage(testmail.ErrNoAddress, "give --from and --to; --html needs neither")
	}
	if err := m.sign(sites); err != nil {
		return nil, err
	}
	mail, err := testmail.New(m.opt)
	if err != nil {
		return nil, failure.Usage(err, mailHint(err))
	}
	return mail, nil
}

func mailHint(err error) string {
	switch {
	case errors.Is(err, testmail.ErrTarget):
		return "https://, a plain host name, no space and no backslash"
	case errors.Is(err, testmail.ErrNoSwitch):
		return "leave --untracked out; the mail says what the ESP can be asked for"
	case errors.Is(err, testmail.ErrOneClick):
		return "as in --list-unsubscribe https://link.example.com/unsubscribe/abc, with --eml or --smtp and without a --header of that name"
	case errors.Is(err, testmail.ErrField):
		return "X-…, List-… and Reply-To can be added"
	}
	return ""
}

func (m *testmailCmd) choose(sites *core.Sites) (*core.Site, error) {
	if m.site == "" {
		if sites.Len() != 1 {
			return nil, failure.Usage(fmt.Errorf("%s has %s", m.sites, output.Count(sites.Len(), "site")), "say which with --site: "+sitesfile.Hosts(sites))
		}
		return sites.Lookup(sites.Hosts()[0]), nil
	}
	site := sites.Lookup(m.site)
	if site == nil {
		return nil, sitesfile.UnknownHost(m.site, m.sites, sites)
	}
	return site, nil
}

// usualTarget is a page of the sender's that is known from sites.json.
func usualTarget(site *core.Site) string {
	if site.Home != "" || len(site.Destinations) == 0 {
		return site.Home
	}
	if first := site.Destinations[0]; first.Sub {
		return "https://www." + first.Host + "/"
	}
	return "https://" + site.Destinations[0].Host + "/"
}

// sign makes a signed link and a pixel where the site has keys and the secret
// of its first is at hand. Without an ESP there is nothing else to test.
func (m *testmailCmd) sign(sites *core.Sites) error {
	site := m.opt.Site
	if len(site.Keys) == 0 {
		if len(m.keyFiles) > 0 {
			return failure.Usage(fmt.Errorf("site %s has no keys, so no secret can sign for it", site.Host), "leave --key-file out, or name the key in sites.json")
		}
		return nil
	}
	kid := site.Keys[0]
	ring, err := keyring.GatherSite(m.env.keys(), m.keyFiles, site, sites, "", []string{kid})
	if err != nil {
		return err
	}
	key, err := ring.Key(kid)
	if err != nil {
		missing := keyring.Missing(m.env.keys(), ring.ErrMissing(err), kid)
		if site.Origin == nil || len(m.keyFiles) > 0 {
			return missing
		}
		fmt.Fprintf(m.env.Err, "note: no signed link in it: %v; %s\n", err, missing.Hint)
		return nil
	}
	id, err := core.EncodeID([]byte("testmail " + m.opt.Now.UTC().Format("2006-01-02T15:04:05Z")))
	if err != nil {
		return err
	}
	mint := &signedlink.Minter{Site: site, Link: core.Link{Host: site.Host, KeyID: kid, ID: id}, Key: key, Now: m.opt.Now}
	link, err := mint.Mint(m.opt.Target)
	if err != nil {
		return err
	}
	mint.Link.Pixel = true
	pixel, err := mint.Mint("")
	m.opt.Signed, m.opt.Pixel = link.URL, pixel.URL
	fmt.Fprintf(m.env.Err, "signed with %s\n", key)
	return err
}

// server reads what --smtp and its like say.
func (m *testmailCmd) server() (testmail.Server, error) {
	if m.smtp == "" {
		if m.user != "" || m.passwordFile != "" || m.insecure {
			return testmail.Server{}, failure.Usage(errors.New("--smtp-user, --smtp-password-file and --insecure-smtp are of use with --smtp only"), "")
		}
		return testmail.Server{}, nil
	}
	s, err := testmail.ParseServer(m.smtp)
	if err != nil {
		return s, failure.Usage(fmt.Errorf("--smtp: %w", err), "as in --smtp smtp.example.com:587")
	}
	if s.Roots, err = m.env.in.Authorities(m.ca); err != nil {
		return s, err
	}
	s.User, s.Plain = m.user, m.insecure
	if s.User != "" {
		s.Password, err = m.password()
	}
	return s, err
}

func (m *testmailCmd) password() (string, error) {
	if m.passwordFile == "" {
		password, _ := m.env.LookupEnv(smtpPasswordEnv)
		if password == "" {
			return "", failure.Usage(errors.New("no password for the mail server"), "set "+smtpPasswordEnv+", or give --smtp-password-file FILE")
		}
		return password, nil
	}
	text, err := m.env.in.ReadText("the password file", m.passwordFile, input.MostSecret, "")
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || strings.ContainsAny(password, "\r\n\x00") {
		return "", failure.Usage(fmt.Errorf("%q is not a password alone", m.passwordFile), "one line, and nothing else")
	}
	return password, nil
}

// write writes the files that were asked for, each whole or not at all.
func (m *testmailCmd) write(mail *testmail.Mail) error {
	if m.html != "" {
		if err := m.put(m.html, []byte(mail.HTML()), 0o644); err != nil {
			return err
		}
	}
	if m.eml == "" {
		return nil
	}
	eml, err := mail.EML()
	if err != nil {
		return failure.Bad(err, "")
	}
	return m.put(m.eml, eml, 0o600)
}

// put writes a file whole or not at all. A message is for its owner alone:
// there are addresses in it.
func (m *testmailCmd) put(name string, data []byte, mode os.FileMode) error {
	if err := output.File(m.env.Out, name, data, mode, ""); err != nil || name == files.Std {
		return err
	}
	fmt.Fprintf(m.env.Err, "%s written\n", name)
	return nil
}
