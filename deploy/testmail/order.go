package testmail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Order is a mail that the command "testmail" is asked for: what it is made of,
// and where it goes. Site, Signed, Pixel, HTMLOnly and a Target of "" are found
// by [Order.Run].
type Order struct {
	Options
	SitesFile string
	Host      string // of the site; "" for the only one
	ESP       string // which of the site's sends; "" for its own
	KeyFiles  []string

	SMTP         string // mail server, "" for none
	User         string
	PasswordFile string // "" for the environment
	Plain        bool   // speak without TLS
	CA           string // file of authorities, "" for the system's
	EMLFile      string // to write, "" for none
	HTMLFile     string // to write, "" for none

	In          *input.Input
	Keys        *keyring.Source
	LookupEnv   func(string) (string, bool)
	Stdout, Err io.Writer
}

// Run makes the mail, writes the files that are asked for, and sends it.
func (o *Order) Run(ctx context.Context) error {
	switch {
	case o.EMLFile == files.Std && o.HTMLFile == files.Std:
		return failure.Usage(errors.New("--eml and --html both go to standard output"), "give one of them a file")
	case o.SMTP == "" && o.EMLFile == "" && o.HTMLFile == "":
		return failure.Usage(errors.New("testmail: nowhere to put the mail"), "give --smtp HOST:PORT, --eml FILE or --html FILE")
	}
	server, err := o.server()
	if err != nil {
		return err
	}
	mail, err := o.make()
	if err != nil {
		return err
	}
	if err := o.write(mail); err != nil || o.SMTP == "" {
		return err
	}
	if err := mail.Send(ctx, server); err != nil {
		if stop := interrupt.Of(o.In.Ctx, "whether the server took the mail is not known"); stop != nil {
			return stop
		}
		return failure.Bad(fmt.Errorf("the mail was not sent through %s: %w", server, err), sendHint(err))
	}
	fmt.Fprintf(o.Err, "sent to %s through %s\n", strings.Join(o.To, ", "), server)
	return nil
}

// sendHint says what to do where a mail was not sent.
func sendHint(err error) string {
	switch {
	case errors.Is(err, ErrPlain):
		return "leave --insecure-smtp out"
	case errors.Is(err, ErrLogin):
		return "give --smtp-user, and the password in " + PasswordEnv + " or --smtp-password-file"
	}
	return "--eml FILE writes the message instead"
}

// make gathers what the mail is made of.
func (o *Order) make() (*Mail, error) {
	sites, _, err := sitesfile.Load(o.In, o.SitesFile)
	if err != nil {
		return nil, err
	}
	if o.Site, err = o.choose(sites); err != nil {
		return nil, err
	}
	if o.Site, err = o.sender(o.Site); err != nil {
		return nil, err
	}
	o.HTMLOnly = o.SMTP == "" && o.EMLFile == ""
	if o.Target == "" {
		o.Target = usualTarget(o.Site)
	}
	if o.Target == "" {
		return nil, failure.Usage(fmt.Errorf("site %s names neither a home nor a destination", o.Site.Host), "say with --target where the buttons lead")
	}
	if (o.SMTP != "" || o.EMLFile != "") && (o.From == "" || len(o.To) == 0) {
		return nil, failure.Usage(ErrNoAddress, "give --from and --to; --html needs neither")
	}
	if err := o.sign(sites); err != nil {
		return nil, err
	}
	mail, err := New(o.Options)
	if err != nil {
		return nil, failure.Usage(err, mailHint(err))
	}
	return mail, nil
}

// mailHint says what to do where no mail can be made.
func mailHint(err error) string {
	switch {
	case errors.Is(err, ErrTarget):
		return "https://, a plain host name, no space and no backslash"
	case errors.Is(err, ErrNoSwitch):
		return "leave --untracked out; the mail says what the ESP can be asked for"
	case errors.Is(err, ErrOneClick):
		return "as in --list-unsubscribe https://link.example.com/unsubscribe/abc, with --eml or --smtp and without a --header of that name"
	case errors.Is(err, ErrField):
		return "X-…, List-… and Reply-To can be added"
	}
	return ""
}

// choose finds the site that is tested.
func (o *Order) choose(sites *core.Sites) (*core.Site, error) {
	if o.Host == "" {
		if sites.Len() != 1 {
			return nil, failure.Usage(fmt.Errorf("%s has %s", o.SitesFile, output.Count(sites.Len(), "site")), "say which with --site: "+sitesfile.Hosts(sites))
		}
		return sites.Lookup(sites.Hosts()[0]), nil
	}
	site := sites.Lookup(o.Host)
	if site == nil {
		return nil, sitesfile.UnknownHost(o.Host, o.SitesFile, sites)
	}
	return site, nil
}

// usualTarget is a page of the sender's that is known from sites.json.
func usualTarget(site *core.Site) string {
	if site.Home != "" || len(site.Destinations) == 0 {
		return site.Home
	}
	first := site.Destinations[0]
	if first.Sub {
		return "https://www." + first.Host + "/"
	}
	return "https://" + first.Host + "/"
}

// write writes the files that were asked for, each whole or not at all.
func (o *Order) write(mail *Mail) error {
	if o.HTMLFile != "" {
		if err := o.put(o.HTMLFile, []byte(mail.HTML()), 0o644); err != nil {
			return err
		}
	}
	if o.EMLFile == "" {
		return nil
	}
	eml, err := mail.EML()
	if err != nil {
		return failure.Bad(err, "")
	}
	return o.put(o.EMLFile, eml, 0o600)
}

// put writes a file whole or not at all. A message is for its owner alone:
// there are addresses in it.
func (o *Order) put(name string, data []byte, mode os.FileMode) error {
	if err := o.In.Spare(name, "name another file"); err != nil {
		return err
	}
	if err := output.File(o.Stdout, name, data, mode, ""); err != nil || name == files.Std {
		return err
	}
	fmt.Fprintf(o.Err, "%s written\n", name)
	return nil
}
