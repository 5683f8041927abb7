package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/publish"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type publishing struct {
	env       *Env
	api       apiFlags
	sites     string
	pkg       string
	service   string
	log       string
	ca        string
	tlsConfig string
	noTLS     bool
	wait      time.Duration
	removed   []string
	w         publish.Wanted
	dryRun    bool
}

func (env *Env) publishCommand() *cobra.Command {
	p := &publishing{env: env}
	cmd := &cobra.Command{
		Use:   "publish [sites.json]",
		Short: "Bring the Fastly service to what sites.json needs",
		Long: `Makes the Fastly service what sites.json needs, or takes one over that exists: backends
with SNI and time-outs, domains, certificates, stores and their links, the log endpoint
"clicks", and the package, which must have been built with this very sites.json.

What a version holds is changed in a draft, which is validated and activated last: a
failure leaves the active version as it was. Where nothing differs, nothing is changed.
Backends, domains and log endpoints that the sites do not need are kept and named. A link
domain that left sites.json is refused until --remove-host names it: mail that is out
still leads there. A key that a site names and the secret store lacks is refused too, and
so is a package with fewer learned links inside than the active version has, or older
ones: the comment of a version says how many, and of which package, since Fastly hands
no package out.

The service is the one of --service-id, of FASTLY_SERVICE_ID, or of service_id in
fastly.toml, or else the one of that name; where there is none, it is made. A service
that Terraform manages is Terraform's to change. --log names a JSON file such as
{"s3": {"bucket": "clicks", "iam_role": "…"}}, with what deploy/terraform's variable log
takes; its secrets come from the environment: CLICKEDGE_LOG_HTTPS_HEADER_VALUE,
_S3_ACCESS_KEY, _S3_SECRET_KEY, _GCS_SECRET_KEY, _BIGQUERY_EMAIL, _BIGQUERY_SECRET,
_KAFKA_PASSWORD. The token comes from FASTLY_API_TOKEN or a file.`,
		Example: `  clickedge build -o pkg/clickedge.tar.gz && clickedge publish --dry-run
  clickedge publish --log log.json --wait-for-tls 30m
  clickedge publish --service-id SU1Z0isxPaozGVKXdv0eY --remove-host old.example.com`,
		Args: args(0, 1),
		RunE: withSites(&p.sites, p.run),
	}
	p.flags(cmd)
	return cmd
}

func (p *publishing) flags(cmd *cobra.Command) {
	p.api.add(cmd)
	sitesFlag(cmd, &p.sites)
	f := cmd.Flags()
	f.StringVar(&p.pkg, "package", "pkg/clickedge.tar.gz", "the package, a `file` that clickedge build has made")
	f.StringVar(&p.service, "service-id", "", "the service's `id` (default: FASTLY_SERVICE_ID, or service_id in fastly.toml)")
	f.StringVar(&p.w.Name, "name", "clickedge", "the service's `name`, where there is no id, and that of stores that are made for it")
	f.StringVar(&p.log, "log", "", "JSON `file` that says where the click log goes (default: where it goes now)")
	f.StringVar(&p.ca, "ca", "certainly", "who issues the certificates: certainly, lets-encrypt or globalsign")
	f.StringVar(&p.tlsConfig, "tls-configuration", "", "`id` of the TLS configuration of new certificates (default: the account's)")
	f.BoolVar(&p.noTLS, "no-tls", false, "order no certificates: they are managed elsewhere")
	f.DurationVar(&p.wait, "wait-for-tls", 0, "wait for the certificates for at most this `time`, as 30m")
	f.StringArrayVar(&p.removed, "remove-host", nil, "take this `host` off the service, which has left sites.json; may be given again")
	f.BoolVar(&p.w.Classic, "classic-domains", false, "make new domains a part of the service's versions, as they were of old")
	f.BoolVar(&p.w.AllowMissingKeys, "allow-missing-keys", false, "publish though the secret store lacks a key: its links are dead")
	f.BoolVar(&p.w.ForgetLinks, "forget-links", false, "publish though the active version has more learned links inside, or newer ones")
	f.BoolVar(&p.w.Stage, "stage", false, "stage the new version instead of activating it; domains and certificates stay as they are")
	f.BoolVar(&p.dryRun, "dry-run", false, "say what would be changed and change nothing")
	cmd.MarkFlagsMutuallyExclusive("stage", "wait-for-tls")
	cmd.MarkFlagsMutuallyExclusive("no-tls", "wait-for-tls")
	_ = cmd.MarkFlagFilename("package", "gz")
	_ = cmd.MarkFlagFilename("log", "json")
}

func (p *publishing) named(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd, "service-id", "name"); err != nil {
		return err
	}
	if p.wait < 0 {
		return failure.Usage(errors.New("--wait-for-tls is less than nothing"), "such as 30m")
	}
	return nil
}

func (p *publishing) run(cmd *cobra.Command) error {
	if err := p.named(cmd); err != nil {
		return err
	}
	if err := p.wanted(); err != nil {
		return err
	}
	ctx := cmd.Context()
	client, err := p.env.account(&p.api).Client()
	if err != nil {
		return err
	}
	fmt.Fprintln(p.env.Err, "looking at what is there …")
	found, err := publish.Find(ctx, client, &p.w)
	if err != nil {
		return publish.Failure(ctx, err)
	}
	plan, err := publish.Compare(&p.w, found)
	plan.Text(p.env.Out, p.env.Err)
	switch {
	case err != nil:
		return publish.Failure(ctx, err)
	case p.dryRun:
		return nil
	}
	if err := p.apply(ctx, client, found, plan); err != nil {
		return err
	}
	return p.next(ctx, client, plan)
}

// wanted reads the files that the flags name.
func (p *publishing) wanted() error {
	sites, text, raw, err := sitesfile.LoadRaw(p.env.in, p.sites)
	if err != nil {
		return err
	}
	p.w.Sites = sites
	pkg, err := build.PackageFor(p.env.in, p.pkg, p.sites, text)
	if err != nil {
		return err
	}
	p.w.Hash, p.w.Package, p.w.Inside = pkg.Hash(), pkg.Data, publish.InsideOf(pkg.Learned())
	p.w.Comment = publish.VersionComment(raw, p.w.Hash, p.w.Inside)
	for _, host := range p.removed {
		p.w.RemoveHosts = append(p.w.RemoveHosts, core.CanonicalHost(host))
	}
	if !p.noTLS {
		if _, ok := dnsplan.Authorities[p.ca]; !ok {
			return failure.Usage(fmt.Errorf("--ca %q is not known", clean.Cut(p.ca, 60)), "one of "+strings.Join(dnsplan.AuthorityNames(), ", "))
		}
		p.w.TLS = &publish.TLS{Authority: p.ca, Configuration: p.tlsConfig}
	}
	if p.log != "" {
		if p.w.Log, err = publish.ReadLogFile(p.env.in, p.log, p.env.LookupEnv, p.env.Environ); err != nil {
			return err
		}
	}
	p.w.ServiceID, err = publish.ServiceID(p.env.in, p.service, p.env.LookupEnv)
	return err
}

func (p *publishing) apply(ctx context.Context, client *fastlyapi.Client, f *publish.Found, plan *publish.Plan) error {
	if plan.Empty() {
		return nil
	}
	result, err := plan.Apply(ctx, client, func(line string) { fmt.Fprintf(p.env.Err, "done: %s\n", clean.Text(line)) })
	if err != nil {
		return publish.Failure(ctx, err)
	}
	word := "active"
	if p.w.Stage {
		word = "staged"
	}
	fmt.Fprintf(p.env.Out, "version %d of service %s is %s\n", result.Version, result.ServiceID, word)
	if f.ServiceID == "" {
		fmt.Fprintf(p.env.Err, "the service's id is %s; the next publish finds it by the name %q\n", result.ServiceID, p.w.Name)
	}
	return nil
}

// next says what DNS needs, and waits for the certificates where that was asked
// for.
func (p *publishing) next(ctx context.Context, client *fastlyapi.Client, plan *publish.Plan) error {
	if p.w.TLS == nil || p.w.Stage {
		return nil
	}
	hosts := p.w.Sites.Hosts()
	list, err := publish.Certificates(ctx, client, hosts)
	if err != nil {
		return fastlyapi.Failure(err)
	}
	if err := plan.DNS(p.env.Out, list); err != nil || p.wait == 0 {
		return err
	}
	err = publish.WaitTLS(ctx, client, hosts, p.wait, func(line string) { fmt.Fprintln(p.env.Err, line) })
	return publish.Failure(ctx, err)
}
