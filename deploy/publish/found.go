package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fastly/go-fastly/v16/fastly"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// Found is the present state of the account.
type Found struct {
	// ServiceID is "" if there is no service yet.
	ServiceID, Name, Type string
	// Active is the number of the active version, Latest that of the last; 0
	// for none. Base is the version that the new one is made from, and Editable
	// reports whether that is a draft, to be changed in place.
	Active, Latest, Base int
	Editable             bool
	// Staged is the version that is staged; 0 for none.
	Staged int

	comment string // of the service
	// activeComment is the comment of the active version.
	activeComment string
	// activePackage is the hash of the active version's package.
	activePackage string
	objects       map[string]map[string]found // of the base version: kind, name
	packageHash   string
	configStores  []string // ids of those of the wanted name
	secretStores  []string
	linkStores    []string
	secrets       map[string]bool   // in the linked store, or the one to be linked
	domains       map[string]domain // not part of versions, by host
	elsewhere     map[string]string // hosts in versions of other services: the service
	certificates  map[string]Certificate
	targets       []string // of CNAMEs
}

// domain is a domain that is not part of a version.
type domain struct{ id, service, description string }

// Certificate is a subscription for a certificate.
type Certificate struct {
	ID, Authority, State string
	Challenges           []Challenge
}

// Challenge is a record that proves a host to the authority.
type Challenge struct{ Name, Type, Value string }

// Issued reports whether the certificate is in use.
func (c Certificate) Issued() bool { return c.State == "issued" || c.State == "renewing" }

// finder reads an account.
type finder struct {
	c *fastlyapi.Client
	f *fastly.Client
	w *Wanted
	*Found
}

// Find reads the present state and changes nothing.
func Find(ctx context.Context, c *fastlyapi.Client, w *Wanted) (*Found, error) {
	d := &finder{c: c, f: c.Fastly(), w: w, Found: &Found{objects: map[string]map[string]found{}}}
	for _, step := range []func(context.Context) error{d.service, d.versions, d.parts, d.pkg, d.stores, d.findDomains, d.tls} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return d.Found, nil
}

// service finds the service. One with a given id must exist.
func (d *finder) service(ctx context.Context) error {
	if d.w.ServiceID != "" {
		s, err := d.f.GetService(ctx, &fastly.GetServiceInput{ServiceID: d.w.ServiceID})
		if err != nil {
			return noService(d.w.ServiceID, fastlyapi.Cause(err))
		}
		return d.take(s)
	}
	s, err := d.f.SearchService(ctx, &fastly.SearchServiceInput{Name: d.w.Name})
	if err = fastlyapi.Cause(err); fastlyapi.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.take(s)
}

// noService handles the API's answers to an unknown id: a bad request, or not
// found.
func noService(id string, err error) error {
	var e *fastlyapi.Error
	if errors.As(err, &e) && (e.Status == 400 || e.Status == 404) {
		return refuse(fmt.Sprintf("the account has no service %q", id), "check --service-id, FASTLY_SERVICE_ID, service_id in fastly.toml, and whose token it is; without an id the service is found by its name, or made")
	}
	return err
}

func (d *finder) take(s *fastly.Service) error {
	d.ServiceID, d.Name, d.Type = fastly.ToValue(s.ServiceID), fastly.ToValue(s.Name), fastly.ToValue(s.Type)
	d.comment = fastly.ToValue(s.Comment)
	if d.Type != "wasm" {
		return refuse(fmt.Sprintf("service %s (%q) is of type %q, not a Compute service", d.ServiceID, d.Name, d.Type), "name another service, or another --name, under which one is made")
	}
	return nil
}

// versions finds the base version: the active one, or else the last.
func (d *finder) versions(ctx context.Context) error {
	if d.ServiceID == "" {
		return nil
	}
	list, err := d.f.ListVersions(ctx, &fastly.ListVersionsInput{ServiceID: d.ServiceID})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	locked := map[int]bool{}
	for _, v := range list {
		n := fastly.ToValue(v.Number)
		locked[n] = fastly.ToValue(v.Locked) || fastly.ToValue(v.Active) || staged(v)
		d.Latest = max(d.Latest, n)
		if fastly.ToValue(v.Active) {
			d.Active, d.activeComment = n, fastly.ToValue(v.Comment)
		}
		if staged(v) {
			d.Staged = n
		}
	}
	switch {
	case d.w.Stage && d.Staged > d.Active:
		d.Base = d.Staged
	case d.Active > 0:
		d.Base = d.Active
	default:
		d.Base, d.Editable = d.Latest, d.Latest > 0 && !locked[d.Latest]
	}
	return nil
}

// logKinds are the kinds of log endpoints of the API. Those that are not the
// module's are kept, with a note.
var logKinds = strings.Fields(`https s3 gcs bigquery kafka
	azureblob cloudfiles datadog digitalocean elasticsearch ftp grafanacloudlogs heroku honeycomb kinesis logentries loggly
	logshuttle newrelic newrelicotlp openstack papertrail pubsub scalyr sftp splunk sumologic syslog`)

func staged(v *fastly.Version) bool {
	return fastly.ToValue(v.Staging) || slices.ContainsFunc(v.Environments, func(e *fastly.Environment) bool { return fastly.ToValue(e.Name) == "staging" })
}

// parts reads the objects of the base version.
func (d *finder) parts(ctx context.Context) error {
	if d.Base == 0 {
		return nil
	}
	kinds := []string{kindBackend, kindDomain, kindLink}
	for _, kind := range logKinds {
		kinds = append(kinds, kindLogging+kind)
	}
	for _, kind := range kinds {
		list, err := listObjects(ctx, d.f, d.ServiceID, d.Base, kind)
		if err != nil {
			return err
		}
		d.objects[kind] = list
	}
	return nil
}

// listObjects lists a kind of object with its fields by name, which are
// compared here. go-fastly has a separate type for each kind.
func listObjects(ctx context.Context, f *fastly.Client, service string, version int, kind string) (map[string]found, error) {
	resp, err := f.Get(ctx, objectPath(service, version, kind), fastly.CreateRequestOptions())
	if err != nil {
		return nil, fastlyapi.Cause(err)
	}
	defer resp.Body.Close()
	var raw []map[string]any
	if err := fastly.DecodeBodyMap(resp.Body, &raw); err != nil {
		return nil, fastlyapi.Cause(err)
	}
	list := map[string]found{}
	for _, o := range raw {
		object := foundObject(o)
		list[object["name"]] = object
	}
	return list, nil
}

// objectPath is the path of the objects of a kind, or of one of them.
func objectPath(service string, version int, kind string, name ...string) string {
	parts := append([]string{"service", service, "version", fmt.Sprint(version)}, strings.Split(kind, "/")...)
	return fastly.ToSafeURL(append(parts, name...)...)
}

// pkg finds the hashes of the packages. Their bytes cannot be had.
func (d *finder) pkg(ctx context.Context) (err error) {
	if d.packageHash, err = d.hash(ctx, d.Base); err != nil {
		return err
	}
	if d.activePackage = d.packageHash; d.Active != d.Base {
		d.activePackage, err = d.hash(ctx, d.Active)
	}
	return err
}

// hash is that of a version's package; "" where there is no version, or none.
func (d *finder) hash(ctx context.Context, version int) (string, error) {
	if version == 0 {
		return "", nil
	}
	p, err := d.f.GetPackage(ctx, &fastly.GetPackageInput{ServiceID: d.ServiceID, ServiceVersion: version})
	err = fastlyapi.Cause(err)
	switch {
	case fastlyapi.IsNotFound(err):
		return "", nil
	case err != nil || p.Metadata == nil:
		return "", err
	}
	return fastly.ToValue(p.Metadata.FilesHash), nil
}

// stores finds the linked stores, or those with the wanted name, and the names
// of the secrets.
func (d *finder) stores(ctx context.Context) error {
	configs, err := d.f.ListConfigStores(ctx, &fastly.ListConfigStoresInput{Name: d.w.Name})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	for _, s := range configs {
		if s.Name == d.w.Name {
			d.configStores = append(d.configStores, s.StoreID)
		}
	}
	if err := d.findLinkStores(ctx); err != nil {
		return err
	}
	secrets, err := d.c.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		if s.Name == d.w.secretStore() {
			d.secretStores = append(d.secretStores, s.StoreID)
		}
	}
	id := d.objects[kindLink][contract.SecretStore]["resource_id"]
	if id == "" && len(d.secretStores) == 1 {
		id = d.secretStores[0]
	}
	if id == "" {
		return nil
	}
	list, err := d.c.Secrets(ctx, id)
	if err != nil {
		return err
	}
	d.secrets = map[string]bool{}
	for _, s := range list {
		d.secrets[s.Name] = true
	}
	return nil
}

// findLinkStores finds the KV stores with the wanted name. An account that does
// not learn links is not asked.
func (d *finder) findLinkStores(ctx context.Context) error {
	if !d.w.Sites.Learn() {
		return nil
	}
	list, err := d.c.KVStores(ctx)
	for _, s := range list {
		if s.Name == d.w.linkStore() {
			d.linkStores = append(d.linkStores, s.StoreID)
		}
	}
	return err
}

// linkStore is the name of the store for learned links.
func (w *Wanted) linkStore() string { return w.Name + "-links" }

// secretStore is the name of the store for secrets.
func (w *Wanted) secretStore() string { return w.Name + "-keys" }
