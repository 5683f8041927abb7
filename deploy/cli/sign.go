package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/signedlink"
)

type sign struct {
	env   *Env
	order signedlink.Order
	json  bool
	html  bool
}

func (env *Env) signCommand() *cobra.Command {
	s := &sign{env: env}
	cmd := &cobra.Command{
		Use:   "sign --host HOST [flags] DESTINATION | - | --pixel",
		Short: "Make signed links",
		Long: `Signs a link on a branded host that leads to DESTINATION, with the site's first key
unless --kid says otherwise. With "-", destinations are read from standard input,
one a line, and links come out in the same order: all of them, or none when one is
refused. A destination that the site would not redirect to is refused here too.

The secret comes from --key-file or from the environment, ` + contract.KeyVariable + `<KID>, as in
` + contract.KeyVariable + `K2: never from the command line. Which key signed is said on standard
error, with its fingerprint. A key file that does not say whose secret it holds is
taken where the site has one key, with --kid, or as --key-file KID=FILE.

With --trap the link leads to DESTINATION as any other, and is hidden in the mail: who
follows it, reads the mail as no person does, and the log says "trap". Give all links of
a mail the same --id. Never put a trap into the text part of a mail, where people see it.`,
		Example: `  clickedge sign --host link.example.com --key-file k2.key --expires 30d https://www.example.com/sale
  clickedge sign --host link.example.com --key-file k2.key --id 4711 --pixel
  clickedge sign --host link.example.com --key-file k2.key - <destinations.txt
  clickedge sign --host link.example.com --key-file k2.key --id 4711 --trap --html https://www.example.com/`,
		Args: args(0, 1),
		RunE: func(_ *cobra.Command, args []string) error { return s.run(args) },
	}
	sitesFlag(cmd, &s.order.SitesFile)
	f := cmd.Flags()
	f.StringVar(&s.order.Host, "host", "", "the branded `host` of the link (default the only site with keys)")
	keyFileFlag(cmd, &s.order.KeyFiles)
	f.StringVar(&s.order.KID, "kid", "", "`id` of the key to sign with (default the site's first)")
	f.StringVar(&s.order.Expires, "expires", "none", "when the link dies: 30d, 12h, a `time` in RFC 3339, or none")
	f.StringVar(&s.order.ID, "id", "", "an id for the click log, 1 to 64 bytes of `text`; everybody with the link can read it")
	f.StringVar(&s.order.IDBase64, "id-base64url", "", "the same for any bytes, in `base64url`")
	f.BoolVar(&s.order.Pixel, "pixel", false, "make the open pixel, which has an id and no destination")
	f.BoolVar(&s.order.Trap, "trap", false, "make a trap: a link that nobody sees in the mail, so that the log says who follows it is no person")
	f.BoolVar(&s.html, "html", false, "print the HTML by which a trap stands in a mail unseen; with --trap")
	f.BoolVar(&s.json, "json", false, "print one line of JSON for each link")
	cmd.MarkFlagsMutuallyExclusive("id", "id-base64url")
	cmd.MarkFlagsMutuallyExclusive("html", "json")
	return cmd
}

func (s *sign) run(args []string) error {
	if s.order.Pixel != (len(args) == 0) {
		return failure.Usage(errors.New("sign: give one destination, or --pixel and none"), "clickedge sign --help has examples")
	}
	if s.html && !s.order.Trap {
		return failure.Usage(errors.New("--html is for a trap: other links are to be seen"), "say --trap as well, or leave --html out")
	}
	o := &s.order
	o.In, o.Keys, o.Now = s.env.in, s.env.keys(), s.env.Now()
	m, err := o.Minter()
	if err != nil {
		return err
	}
	links, err := s.mintAll(m, args)
	if err != nil {
		return err
	}
	if err := s.print(links); err != nil {
		return err
	}
	for _, to := range m.Respelt {
		fmt.Fprintf(s.env.Err, "signed as %s: a link has its scheme in lower case, and a space as %%20\n", clean.Text(to))
	}
	fmt.Fprintf(s.env.Err, "signed with %s\n", m.Key)
	return nil
}

// mintAll makes every link, or none: half a list would be taken for a whole
// one.
func (s *sign) mintAll(m *signedlink.Minter, args []string) ([]signedlink.Minted, error) {
	to := ""
	if !s.order.Pixel {
		to = args[0]
	}
	if to != files.Std {
		link, err := m.Mint(to)
		return []signedlink.Minted{link}, err
	}
	if err := s.env.in.Claim("the destinations", to); err != nil {
		return nil, err
	}
	return m.MintLines(s.env.In)
}

func (s *sign) print(links []signedlink.Minted) error {
	out := bufio.NewWriter(s.env.Out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, l := range links {
		switch {
		case s.json:
			_ = enc.Encode(l) // fails only where out does
		case s.html:
			fmt.Fprintln(out, signedlink.Snippet(l.URL))
		default:
			fmt.Fprintln(out, l.URL)
		}
	}
	return out.Flush()
}
