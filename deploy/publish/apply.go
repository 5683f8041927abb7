package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fastly/go-fastly/v16/fastly"
	"github.com/fastly/go-fastly/v16/fastly/domainmanagement/v1/domains"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// Result is the result of a publish.
type Result struct {
	ServiceID string
	// Version is the one that is active or staged now.
	Version int
}

// Unfinished is the error of a publish that failed in the middle.
type Unfinished struct {
	Err error
	// State says what is active now, and what is left behind.
	State string
}

// Error returns what failed, and the state.
func (u *Unfinished) Error() string { return u.Err.Error() }

// Unwrap returns what failed.
func (u *Unfinished) Unwrap() error { return u.Err }

// Hint says what to do: the same command again helps only if the API did not
// refuse the request.
func (u *Unfinished) Hint() string {
	var e *fastlyapi.Error
	switch {
	case errors.As(u.Err, &e) && e.Hint() != "":
		return e.Hint()
	case e != nil && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout, errors.As(u.Err, new(*Refusal)):
		return "the same command would be refused again: change what the API names, then publish again, which continues from there"
	}
	return "the same command again continues from there"
}

// run is a plan that is being carried out.
type run struct {
	c       *fastlyapi.Client
	f       *fastly.Client
	p       *Plan
	say     func(string)
	service string
	draft   int               // 0 until there is one
	stores  map[string]string // created by this run: id by the link's name
	done    bool              // the version is active, or staged
	unknown bool              // it is not known whether the version was activated
}

// checkActiveTime bounds the query whether a version is active after a failure.
const checkActiveTime = 3 * time.Second

// Apply carries a plan out. It calls say with each change. The error is an
// [*Unfinished].
func (p *Plan) Apply(ctx context.Context, c *fastlyapi.Client, say func(string)) (*Result, error) {
	r := &run{c: c, f: c.Fastly(), p: p, say: say, service: p.f.ServiceID, stores: map[string]string{}}
	ctx = fastlyapi.Hide(ctx, p.w.Log.secrets()...)
	if err := r.all(ctx); err != nil {
		return nil, &Unfinished{Err: err, State: r.state()}
	}
	return &Result{ServiceID: r.service, Version: cmp.Or(r.draft, p.f.Base)}, nil
}

func (r *run) all(ctx context.Context) error {
	if err := r.each(ctx, r.p.Account); err != nil {
		return err
	}
	if r.p.activate {
		if err := r.newVersion(ctx); err != nil {
			return err
		}
	}
	r.done = true
	return r.each(ctx, r.p.After)
}

func (r *run) each(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if err := c.do(ctx, r); err != nil {
			return fmt.Errorf("%s %s: %w", c.Sign, c.What, err)
		}
		r.say(c.Sign + " " + c.What)
	}
	return nil
}

// newVersion makes the draft, changes it, has it validated and activates it.
func (r *run) newVersion(ctx context.Context) error {
	if err := r.makeDraft(ctx); err != nil {
		return err
	}
	if err := r.each(ctx, r.p.Version); err != nil {
		return err
	}
	_, err := r.f.UpdateVersion(ctx, &fastly.UpdateVersionInput{ServiceID: r.service, ServiceVersion: r.draft, Comment: &r.p.w.Comment})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	ok, msg, err := r.f.ValidateVersion(ctx, &fastly.ValidateVersionInput{ServiceID: r.service, ServiceVersion: r.draft})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	if !ok {
		return refuse(fmt.Sprintf("version %d is not valid, says the API: %s", r.draft, msg), "")
	}
	if err := r.unchanged(ctx); err != nil {
		return err
	}
	return r.activate(ctx)
}

// makeDraft clones the base version, or uses it if it is a draft.
func (r *run) makeDraft(ctx context.Context) error {
	switch {
	case r.p.f.Base == 0: // a service that was created by this run
		r.draft = 1
		return nil
	case r.p.f.Editable:
		r.draft = r.p.f.Base
		return nil
	}
	v, err := r.f.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: r.service, ServiceVersion: r.p.f.Base})
	if err != nil {
		return fmt.Errorf("cloning version %d: %w", r.p.f.Base, fastlyapi.Cause(err))
	}
	r.draft = fastly.ToValue(v.Number)
	r.say(fmt.Sprintf("version %d is a draft, cloned from version %d", r.draft, r.p.f.Base))
	return nil
}

// unchanged returns an error if another version was activated meanwhile, as its
// changes would be undone.
func (r *run) unchanged(ctx context.Context) error {
	list, err := r.f.ListVersions(ctx, &fastly.ListVersionsInput{ServiceID: r.service})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	active := 0
	for _, v := range list {
		if fastly.ToValue(v.Active) {
			active = fastly.ToValue(v.Number)
		}
	}
	if active != r.p.f.Active {
		return fmt.Errorf("somebody else activated version %d meanwhile, and version %d does not have what it changed: publish again", active, r.draft)
	}
	return nil
}

func (r *run) activate(ctx context.Context) error {
	in := &fastly.ActivateVersionInput{ServiceID: r.service, ServiceVersion: r.draft}
	word := "active"
	if r.p.w.Stage {
		in.Environment, word = "staging", "staged"
	}
	if _, err := r.f.ActivateVersion(ctx, in); err != nil {
		active, known := r.isActive(ctx)
		r.unknown = !known
		if !active {
			return fmt.Errorf("activating version %d: %w", r.draft, fastlyapi.Cause(err))
		}
	}
	r.say(fmt.Sprintf("version %d is %s", r.draft, word))
	return nil
}

// isActive checks whether an activation succeeded whose answer was lost or not
// awaited.
func (r *run) isActive(ctx context.Context) (active, known bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkActiveTime)
	defer cancel()
	v, err := r.f.GetVersion(ctx, &fastly.GetVersionInput{ServiceID: r.service, ServiceVersion: r.draft})
	if err != nil {
		return false, false
	}
	return r.p.w.Stage && staged(v) || !r.p.w.Stage && fastly.ToValue(v.Active), true
}

// state says what is active now, and what is left behind.
func (r *run) state() string {
	var parts []string
	switch {
	case r.unknown:
		return fmt.Sprintf("whether version %d became active is not known; the same command again finds out", r.draft)
	case r.done:
		parts = append(parts, "the version is in place, and what comes after it is not complete")
	case r.p.f.Active > 0:
		parts = append(parts, fmt.Sprintf("nothing was activated: version %d is active as before", r.p.f.Active))
	default:
		parts = append(parts, "nothing was activated")
	}
	switch {
	case r.done:
	case r.draft > 0 && r.p.f.Base > 0 && r.draft != r.p.f.Base:
		parts = append(parts, fmt.Sprintf("version %d is left as a draft, and the next publish makes another", r.draft))
	case r.draft > 0:
		parts = append(parts, fmt.Sprintf("version %d is a draft, and the next publish goes on with it", r.draft))
	}
	if r.service != "" && r.p.f.ServiceID == "" {
		parts = append(parts, fmt.Sprintf("the service %s was made, and is found by its name again", r.service))
	}
	return strings.Join(parts, "; ")
}

func (r *run) makeService(ctx context.Context) error {
	s, err := r.f.CreateService(ctx, &fastly.CreateServiceInput{Name: &r.p.w.Name, Type: fastly.ToPointer("wasm"), Comment: fastly.ToPointer("Branded link domains, published by clickedge.")})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	r.service = fastly.ToValue(s.ServiceID)
	return nil
}

func (r *run) makeConfigStore(ctx context.Context) error {
	s, err := r.f.CreateConfigStore(ctx, &fastly.CreateConfigStoreInput{Name: r.p.w.Name})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	r.stores[contract.ConfigStore] = s.StoreID
	return nil
}

func (r *run) makeSecretStore(ctx context.Context) error {
	s, err := r.c.CreateStore(ctx, r.p.w.secretStore())
	if err != nil {
		return err
	}
	r.stores[contract.SecretStore] = s.StoreID
	return nil
}

func (r *run) makeLinkStore(ctx context.Context) error {
	s, err := r.c.CreateKVStore(ctx, r.p.w.linkStore())
	if err != nil {
		return err
	}
	r.stores[contract.LinkStore] = s.StoreID
	return nil
}

func (r *run) upload(ctx context.Context) error {
	p, err := r.f.UpdatePackage(ctx, &fastly.UpdatePackageInput{ServiceID: r.service, ServiceVersion: r.draft, PackageContent: r.p.w.Package})
	if err != nil {
		return fastlyapi.Cause(err)
	}
	if p.Metadata != nil && fastly.ToValue(p.Metadata.FilesHash) != "" && fastly.ToValue(p.Metadata.FilesHash) != r.p.w.Hash {
		return fmt.Errorf("the API has a package with the hash %.12s, and %.12s was sent", fastly.ToValue(p.Metadata.FilesHash), r.p.w.Hash)
	}
	return nil
}

func (r *run) create(ctx context.Context, kind string, form url.Values) error {
	return r.send(ctx, http.MethodPost, objectPath(r.service, r.draft, kind), form)
}

func (r *run) update(ctx context.Context, kind, name string, form url.Values) error {
	return r.send(ctx, http.MethodPut, objectPath(r.service, r.draft, kind, name), form)
}

func (r *run) remove(ctx context.Context, kind, name string) error {
	return r.send(ctx, http.MethodDelete, objectPath(r.service, r.draft, kind, name), nil)
}

// send sends the fields of an object as a form, as go-fastly does.
func (r *run) send(ctx context.Context, method, path string, form url.Values) error {
	o := fastly.CreateRequestOptions()
	if form != nil {
		body := form.Encode()
		o.Headers["Content-Type"] = "application/x-www-form-urlencoded"
		o.Body, o.BodyLength = strings.NewReader(body), int64(len(body))
	}
	resp, err := r.f.Request(ctx, method, path, o)
	if err != nil {
		return fastlyapi.Cause(err)
	}
	return resp.Body.Close()
}

func (r *run) makeDomain(ctx context.Context, host string) error {
	_, err := domains.Create(ctx, r.f, &domains.CreateInput{FQDN: &host, ServiceID: &r.service, Description: fastly.ToPointer(r.p.w.mark())})
	return fastlyapi.Cause(err)
}

// putDomain sends both fields: go-fastly sends a missing one as null, and the
// API then removes the domain from its service.
func (r *run) putDomain(ctx context.Context, id string, service *string, description string) error {
	_, err := domains.Update(ctx, r.f, &domains.UpdateInput{DomainID: &id, ServiceID: service, Description: &description})
	return fastlyapi.Cause(err)
}

func (r *run) order(ctx context.Context, host string) error {
	in := &fastly.CreateTLSSubscriptionInput{CertificateAuthority: r.p.w.TLS.Authority, Domains: []*fastly.TLSDomain{{ID: host}}}
	if id := r.p.w.TLS.Configuration; id != "" {
		in.Configuration = &fastly.TLSConfiguration{ID: id}
	}
	_, err := r.f.CreateTLSSubscription(ctx, in)
	return fastlyapi.Cause(err)
}
