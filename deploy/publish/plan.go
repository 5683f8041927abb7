package publish

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Change is one thing that a publish does.
type Change struct {
	Sign    string   // "+" creates, "~" changes, "-" removes
	What    string   // `backend "sendgrid"`
	Details []string // the changes to it
	do      func(context.Context, *run) error
}

// Plan is the difference between the present and the wanted state.
type Plan struct {
	// Account are changes without effect on readers, Version those of the
	// service's version, After those that follow its activation.
	Account, Version, After []Change
	// Notes say what stays, and what else to know.
	Notes []string

	w        *Wanted
	f        *Found
	activate bool // activate a version even without changes
	refused  Refusal
}

// Empty reports whether there is nothing to change.
func (p *Plan) Empty() bool {
	return len(p.Account)+len(p.Version)+len(p.After) == 0 && !p.activate
}

// Changes are all changes, in the order in which they are made.
func (p *Plan) Changes() []Change { return slices.Concat(p.Account, p.Version, p.After) }

// Compare makes the plan. It fails with a [*Refusal] that has all reasons at
// once.
func Compare(w *Wanted, f *Found) (*Plan, error) {
	p := &Plan{w: w, f: f}
	p.service()
	p.backends()
	p.links()
	p.keys()
	p.log()
	p.removals()
	p.hosts()
	p.pkg()
	p.learned()
	p.others()
	p.tls()
	active := f.Active
	if w.Stage {
		active = f.Staged
	}
	p.activate = len(p.Version) > 0 || f.Base == 0 || f.Base != active
	if f.Active > 0 && f.Latest > f.Base && f.Latest != f.Staged {
		p.note("version %d is a newer draft than the one that is built on, version %d: what it changes is not taken along", f.Latest, f.Base)
	}
	return p, p.refused.orNil()
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

func (p *Plan) version(c Change) { p.Version = append(p.Version, c) }

func (p *Plan) service() {
	if p.f.ServiceID == "" {
		p.Account = append(p.Account, Change{Sign: "+", What: fmt.Sprintf("service %q", p.w.Name), do: func(ctx context.Context, r *run) error { return r.makeService(ctx) }})
	}
	if strings.Contains(strings.ToLower(p.f.comment), "terraform") {
		p.note("the service's comment says that Terraform manages it: the next terraform apply changes back what this publish changes. Let one of the two manage a service: take it out of Terraform's state and change the comment, or publish with terraform apply")
	}
}

func (p *Plan) backends() {
	list := Backends(p.w.Sites)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		p.object(list[name].object(name))
	}
}

// object adds the change that creates or corrects an object of a version.
func (p *Plan) object(o Object) {
	have, there := p.f.objects[o.Kind][o.Name]
	if !there {
		p.version(Change{Sign: "+", What: what(o.Kind, o.Name), Details: []string{o.summary()}, do: func(ctx context.Context, r *run) error { return r.create(ctx, o.Kind, o.form()) }})
		return
	}
	fields, said := o.diff(have)
	if len(fields) > 0 {
		p.version(Change{Sign: "~", What: what(o.Kind, o.Name), Details: said, do: func(ctx context.Context, r *run) error { return r.update(ctx, o.Kind, o.Name, fields) }})
	}
}

func what(kind, name string) string {
	if log, ok := strings.CutPrefix(kind, kindLogging); ok {
		return fmt.Sprintf("log endpoint %q (%s)", name, log)
	}
	if kind == kindLink {
		return fmt.Sprintf("link %q", name)
	}
	return fmt.Sprintf("%s %q", kind, name)
}

// summary is the first of the fields, for an object that is new.
func (o *Object) summary() string {
	var parts []string
	for _, f := range o.Fields {
		switch {
		case f.Value == "":
		case f.Secret:
			parts = append(parts, f.Name+" (secret)")
		default:
			parts = append(parts, f.Name+" "+f.shown(f.Value))
		}
	}
	return strings.Join(parts, ", ")
}

// links adds the links to the stores that the module opens.
func (p *Plan) links() {
	p.link(contract.ConfigStore, "config", "config store", p.w.Name, p.f.configStores, (*run).makeConfigStore)
	p.link(contract.SecretStore, "secret", "secret store", p.w.secretStore(), p.f.secretStores, (*run).makeSecretStore)
	if p.w.Sites.Learn() {
		p.link(contract.LinkStore, "kv", "KV store", p.w.linkStore(), p.f.linkStores, (*run).makeLinkStore)
	}
}

func (p *Plan) link(name, kind, noun, storeName string, ids []string, create func(*run, context.Context) error) {
	if have, ok := p.f.objects[kindLink][name]; ok {
		if !strings.HasPrefix(have["resource_type"], kind) {
			p.refused.add(fmt.Sprintf("the service links %q to something of type %q, and the module opens a %s by that name", name, have["resource_type"], noun),
				"take that link off the service, or give it another name")
		}
		return
	}
	details := ""
	switch len(ids) {
	case 0:
		p.Account = append(p.Account, Change{Sign: "+", What: fmt.Sprintf("%s %q", noun, storeName), do: func(ctx context.Context, r *run) error { return create(r, ctx) }})
		details = fmt.Sprintf("to the new %s %q", noun, storeName)
	case 1:
		details = fmt.Sprintf("to the %s %q (%s)", noun, storeName, ids[0])
	default:
		p.refused.add(fmt.Sprintf("the account has %d %ss named %q", len(ids), noun, storeName), fmt.Sprintf("link the one that is meant to the service as %q, or give the others another name", name))
		return
	}
	p.version(Change{Sign: "+", What: what(kindLink, name), Details: []string{details}, do: func(ctx context.Context, r *run) error {
		id := r.stores[name]
		if id == "" {
			id = ids[0]
		}
		return r.create(ctx, kindLink, map[string][]string{"name": {name}, "resource_id": {id}})
	}})
}

// keys refuses keys that a site names and the store lacks, as their links would
// be dead. Without the key of its hashes a log is only poorer, which is said.
func (p *Plan) keys() {
	var missing, said []string
	for _, host := range p.w.Sites.Hosts() {
		for _, kid := range p.w.Sites.Lookup(host).Keys {
			if !p.f.secrets[kid] && !slices.Contains(missing, kid) {
				missing = append(missing, kid)
				said = append(said, kid+" of site "+host)
			}
		}
	}
	p.hashKeys()
	switch {
	case len(missing) == 0:
	case p.w.AllowMissingKeys:
		p.note("the secret store lacks %s: links signed with it are answered by an error page until clickedge keys push has put it there", strings.Join(missing, ", "))
	default:
		p.refused.add(fmt.Sprintf("the secret store lacks %s: links signed with it would be dead", strings.Join(said, ", ")), p.pushHint(missing))
	}
}

// hashKeys says which sites would log no hashes for want of a secret.
func (p *Plan) hashKeys() {
	var missing []string
	for _, site := range sitesfile.All(p.w.Sites) {
		if kid := site.LogHashes; kid != "" && !p.f.secrets[kid] && !slices.Contains(missing, kid) {
			missing = append(missing, kid)
		}
	}
	if len(missing) > 0 {
		p.note("the secret store lacks %s, named by log_hashes: log lines have no hashes until clickedge keys push has put it there", strings.Join(missing, ", "))
	}
}

// pushHint is the command that pushes the missing keys.
func (p *Plan) pushHint(missing []string) string {
	files := ""
	for _, kid := range missing {
		files += " --key-file " + kid + ".key"
	}
	more := ""
	if p.f.secrets == nil {
		more = " --create-store"
	}
	return "clickedge keys push " + strings.Join(missing, " ") + files + " --store " + p.storeName() + more
}

// storeName names the store that is linked, or will be.
func (p *Plan) storeName() string {
	return cmp.Or(p.f.objects[kindLink][contract.SecretStore]["resource_id"], p.w.secretStore())
}

// log changes only the endpoint that the module writes to.
func (p *Plan) log() {
	var there []string
	for _, kind := range logKinds {
		if _, ok := p.f.objects[kindLogging+kind][contract.LogEndpoint]; ok {
			there = append(there, kind)
		}
	}
	if p.w.Log == nil {
		if len(there) == 0 {
			p.note("there is no log endpoint %q: clicks are not logged; --log FILE makes one", contract.LogEndpoint)
		} else {
			p.note("log endpoint %q (%s) stays as it is; --log FILE changes it", contract.LogEndpoint, strings.Join(there, ", "))
		}
		return
	}
	for _, kind := range there {
		if kind != p.w.Log.kind {
			p.remove(kindLogging+kind, contract.LogEndpoint, "the click log goes to "+p.w.Log.kind)
		}
	}
	o, lacks := p.w.Log.endpoint(p.f.objects[kindLogging+p.w.Log.kind][contract.LogEndpoint])
	if lacks != "" {
		p.refused.add(lacks, "what is secret comes from the environment, the rest stands in the file")
		return
	}
	p.object(o)
}

func (p *Plan) remove(kind, name string, details ...string) {
	p.version(Change{Sign: "-", What: what(kind, name), Details: details, do: func(ctx context.Context, r *run) error { return r.remove(ctx, kind, name) }})
}

func (p *Plan) pkg() {
	if p.f.packageHash == p.w.Hash {
		return
	}
	sign := "~"
	if p.f.packageHash == "" {
		sign = "+"
	}
	details := []string{fmt.Sprintf("%d bytes, hash %.12s", len(p.w.Package), p.w.Hash)}
	if p.w.Inside.Links > 0 {
		details = append(details, output.Count(p.w.Inside.Links, "learned link")+" inside")
	}
	p.version(Change{Sign: sign, What: "package", Details: details, do: func(ctx context.Context, r *run) error { return r.upload(ctx) }})
}

// others adds notes on objects that the sites do not need. They stay.
func (p *Plan) others() {
	needed := Backends(p.w.Sites)
	for _, name := range slices.Sorted(maps.Keys(p.f.objects[kindBackend])) {
		if _, ok := needed[name]; !ok {
			p.note("backend %q belongs to no site and stays", name)
		}
	}
	for _, kind := range logKinds {
		for _, name := range slices.Sorted(maps.Keys(p.f.objects[kindLogging+kind])) {
			if name != contract.LogEndpoint {
				p.note("log endpoint %q (%s) is not the module's and stays", name, kind)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.f.objects[kindLink])) {
		if name != contract.ConfigStore && name != contract.SecretStore && name != contract.LinkStore {
			p.note("link %q is not the module's and stays", name)
		}
	}
}
