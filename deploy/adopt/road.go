package adopt

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/setup"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// MaxCommands is the most commands that a road has.
const MaxCommands = 5

// Road is the road to the cut-over of one host.
type Road struct {
	For   setup.Road
	Site  *core.Site
	Seen  *report.Report
	Sites string // the name of sites.json
	// Secrets is the file with the secrets of signed links, "" for none that is
	// known; KeyFile the one that is to be pushed to Fastly.
	Secrets, KeyFile string
	// Addresses are those of the server; none: they are not known.
	Addresses []netip.Addr
	// Cert and Key are files of a certificate of one's own, for the server.
	Cert, Key string
	Now       time.Time
}

// step is a part of the road: what is to be done, and the command for it, "" for
// what is done elsewhere.
type step struct{ what, command string }

// Guide is the road, written down.
type Guide struct {
	For   setup.Road `json:"for"`
	First []string   `json:"first"`
	Steps []Step     `json:"steps"`
	// Records move readers. There is none where the server's address is not
	// known.
	Records    []Record `json:"records"`
	WayBack    string   `json:"way_back"`
	Afterwards []string `json:"afterwards"`
	Leave      []string `json:"leave"`
	DoNot      []string `json:"do_not"`
	Notes      []string `json:"notes"`
}

// Step is a part of the road.
type Step struct {
	What    string `json:"what"`
	Command string `json:"command,omitempty"` // "" for what is done elsewhere
}

// Record is one of DNS, as [dnsplan.Record] has it.
type Record struct {
	Name  string `json:"name"` // without a final dot
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Guide writes the road down. No list in it is nil.
func (r *Road) Guide() *Guide {
	some := func(list []string) []string { return append([]string{}, list...) }
	g := &Guide{For: r.For, First: some(r.first()), Records: r.set(), WayBack: r.back(), Afterwards: some(r.plan().Then), Leave: some(r.plan().Keep), DoNot: some(r.doNot()), Notes: some(r.notes())}
	for _, s := range r.steps() {
		g.Steps = append(g.Steps, Step{s.what, s.command})
	}
	return g
}

// Text prints the road of a host.
func (g *Guide) Text(w io.Writer, host string) {
	where := "on a server of your own"
	if g.For == setup.Fastly {
		where = "on Fastly"
	}
	fmt.Fprintf(w, "\nThe road to the cut-over of %s, %s\n", host, where)
	points(w, "First:", g.First)
	for n, s := range g.Steps {
		fmt.Fprintf(w, "\n  %d. %s\n", n+1, clean.Text(s.What))
		if s.Command != "" {
			fmt.Fprintf(w, "       %s\n", s.Command)
		}
	}
	points(w, "The way back:", []string{g.WayBack})
	points(w, "Afterwards:", g.Afterwards)
	points(w, "Leave as it is:", g.Leave)
	points(w, "Do not:", g.DoNot)
	points(w, "Notes:", g.Notes)
}

func points(w io.Writer, title string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  %s\n", title)
	for _, p := range list {
		fmt.Fprintf(w, "    - %s\n", clean.Text(p))
	}
}

func (r *Road) steps() []step {
	if r.For == setup.Fastly {
		return r.fastly()
	}
	return r.server()
}

// plan is what dns says of the host.
func (r *Road) plan() *dnsplan.Host {
	return &dnsplan.Make([]*core.Site{r.Site}, dnsplan.Options{Now: r.Now}).Hosts[0]
}

// first is what comes before anything moves: at the ESP, and in DNS.
func (r *Road) first() (list []string) {
	if r.For == setup.Fastly {
		list = append(list, r.plan().First...)
	} else {
		asked, _ := sitesfile.Senders(r.Site, r.Now)
		for _, s := range asked {
			if m := espdns.ManagedBy(s.ESP); m != nil {
				list = append(list, strings.ReplaceAll(m.ServerAdvice(), "{host}", r.Site.Host))
			}
		}
	}
	if len(r.Seen.Stands.Chain)+len(r.Seen.Stands.Addresses) > 0 {
		list = append(list, "in DNS, a day before: lower the time to live of "+r.Site.Host+" to 300 s, so that the way back is short")
	}
	return list
}

// sitesFlag names sites.json where it is not the one that commands find.
func (r *Road) sitesFlag() string {
	if r.Sites == "sites.json" {
		return ""
	}
	return " --sites " + output.ShellWord(r.Sites)
}

func (r *Road) fastly() (list []step) {
	host := r.Site.Host
	if len(r.Site.Keys) > 0 {
		kid := r.Site.Keys[0]
		list = append(list, step{"Put the secret of signed links into the service's store; another key is pushed likewise.",
			fmt.Sprintf("clickedge keys push %s --key-file %s --create-store", kid, output.ShellWord(r.KeyFile))})
	}
	return append(list,
		step{"Build the package.", "clickedge build" + r.sitesFlag() + " -o pkg/clickedge.tar.gz"},
		step{"With FASTLY_API_TOKEN in the environment: make the service. It prints the record that proves the domain, " + r.proof() + ". Set it in DNS; the command waits for the certificate. No reader has moved.",
			"clickedge publish" + r.sitesFlag() + " --wait-for-tls 30m"},
		step{"Before DNS leads there: certificate, ESP and links are looked at where the CNAME will lead. If publish named another target, take that one.",
			"clickedge doctor " + host + r.sitesFlag() + " --via " + dnsplan.FastlyTarget},
		step{"In DNS: " + host + " CNAME " + dnsplan.FastlyTarget + ", or the target that publish named, " + r.inPlace() + ", with a time to live of 300 s.", ""},
		step{"From outside, once DNS has changed.", "clickedge doctor " + host + r.sitesFlag()})
}

// proof is the name of the record that proves the domain.
func (r *Road) proof() string {
	for _, rec := range r.plan().Records {
		if rec.Step == dnsplan.StepProof && rec.Type == "CNAME" {
			return rec.Name + " CNAME"
		}
	}
	return "_acme-challenge." + r.Site.Host + " CNAME"
}

func (r *Road) server() []step {
	host, address := r.Site.Host, r.address()
	start := "clickedge server" + r.sitesFlag()
	if r.Cert != "" {
		start += " --cert " + output.ShellWord(r.Cert) + " --key " + output.ShellWord(r.Key)
	} else {
		start += " --certificates certificates"
	}
	if r.Secrets != "" {
		start += " --keys " + output.ShellWord(r.Secrets)
	}
	list := []step{
		{"On the server, beside " + r.Sites + ": answer on ports 80 and 443. It needs the right to these ports, as root has it, or systemd gives it.", start},
		{`From elsewhere, before DNS leads there: it must say "status":"ok".`,
			"curl -sS --fail --resolve " + host + ":80:" + address + " http://" + host + core.HealthPath},
	}
	if p, want := r.probe(address); p != "" {
		list = append(list, step{"The ESP behind it: it must say " + want + ".", p})
	}
	if r.Cert != "" {
		return append(list,
			step{"Certificate, ESP and links, before DNS leads there.", "clickedge doctor " + host + r.sitesFlag() + " --via " + address},
			step{r.records(), ""},
			step{"From outside, once DNS has changed.", "clickedge doctor " + host + r.sitesFlag()})
	}
	return append(list,
		step{r.records(), ""},
		step{"At once, as soon as the zone's name servers say so: this fetches the certificate, so that few readers wait for it.",
			"curl -sS --fail --max-time 90 --resolve " + host + ":443:" + address + " https://" + host + core.HealthPath},
		step{"From outside, once DNS has changed.", "clickedge doctor " + host + r.sitesFlag()})
}

// probe asks the ESP through the server for what touches nobody's link, and says
// what it answers.
func (r *Road) probe(address string) (command, want string) {
	if r.Site.Origin == nil || r.Site.Origin.Health.Path == "" {
		return "", ""
	}
	h := r.Site.Origin.Health
	head := ""
	if h.Method == "HEAD" {
		head = "--head "
	}
	return fmt.Sprintf("curl -sS %s-o /dev/null -w '%%{http_code}\\n' --resolve %s:80:%s http://%[2]s%[4]s", head, r.Site.Host, address, h.Path), fmt.Sprint(h.Status)
}

// address is that of the server, for a command.
func (r *Road) address() string {
	if len(r.Addresses) == 0 {
		return `"$ADDRESS"`
	}
	if a := r.Addresses[0]; a.Is6() {
		return "'[" + a.String() + "]'"
	}
	return r.Addresses[0].String()
}

// set are the records that move readers.
func (r *Road) set() []Record {
	if r.For == setup.Fastly {
		return []Record{{r.Site.Host, "CNAME", dnsplan.FastlyTarget}}
	}
	set := []Record{}
	for _, a := range r.Addresses {
		kind := "A"
		if a.Is6() {
			kind = "AAAA"
		}
		set = append(set, Record{r.Site.Host, kind, a.String()})
	}
	return set
}

// records says what moves readers to the server.
func (r *Road) records() string {
	var set []string
	for _, record := range r.set() {
		set = append(set, record.Name+" "+record.Type+" "+record.Value)
	}
	if len(set) == 0 {
		set = []string{r.Site.Host + " A, and AAAA if it has one, with the address of the server"}
	}
	return "In DNS: " + output.And(set) + ", " + r.inPlace() + ", with a time to live of 300 s. Another address record of this name must go."
}

// inPlace names what the new record replaces.
func (r *Road) inPlace() string {
	s := &r.Seen.Stands
	switch {
	case len(s.Chain) > 0:
		return "in place of the CNAME to " + s.Chain[0]
	case len(s.Addresses) > 0:
		return "in place of the address " + output.And(texts(s.Addresses))
	}
	return "where nothing was seen today"
}

func texts(list []netip.Addr) (names []string) {
	for _, a := range list {
		names = append(names, a.String())
	}
	return names
}

// back is the way back.
func (r *Road) back() string {
	s := &r.Seen.Stands
	switch {
	case len(s.Chain) > 0:
		return "in DNS: " + r.Site.Host + " CNAME " + s.Chain[0] + " again. Leave what stands there as it is until this road has held for some days"
	case len(s.Addresses) > 0:
		return "in DNS: the address " + output.And(texts(s.Addresses)) + " again. Leave what stands there as it is until this road has held for some days"
	}
	return "nothing was seen in DNS, so there is nothing to go back to: take the new record away"
}

func (r *Road) doNot() []string {
	all := dnsplan.Make([]*core.Site{r.Site}, dnsplan.Options{Now: r.Now})
	list := append([]string{}, all.Hosts[0].DoNot...)
	list = append(list, all.DoNot...)
	if r.For == setup.Server && r.Cert == "" {
		list = append(list, "ask the server over https before DNS leads there: the CA would refuse, and is asked again in ten minutes at the earliest, or after SIGHUP")
	}
	return list
}

func (r *Road) notes() (list []string) {
	if r.For == setup.Server {
		if len(r.Addresses) == 0 {
			list = append(list, "the address of the server is not known here: ADDRESS=… stands for it in the commands, or give --address")
		}
		list = append(list, r.certificateNotes()...)
		if len(r.Site.Keys) > 0 && r.Secrets == "" {
			list = append(list, "the secrets of "+output.And(r.Site.Keys)+" are given to the server by --keys or CLICKEDGE_KEY_…")
		}
	} else {
		list = append(list, "clickedge dns "+output.ShellWord(r.Sites)+" --host "+r.Site.Host+" has every record, as text or as lines of a zone file")
	}
	if r.Seen.Stands.AtESP == "" && len(r.Seen.Stands.Addresses) > 0 {
		list = append(list, "what stands there has a configuration: clickedge migrate reads those of nginx, CloudFront and Fastly VCL, and says what else it does")
	}
	return list
}

// certificateNotes say how the server comes to a certificate, and when.
func (r *Road) certificateNotes() []string {
	caa := "where CAA records stand at " + r.Site.Host + " or above it, they must allow letsencrypt.org"
	if r.Cert != "" {
		return []string{"the certificate in " + r.Cert + " is yours to renew; a changed file is used at once"}
	}
	if r.Seen.Stands.HTTPS {
		caa += ". Https is answered there today: rather have the certificate beforehand, so that no reader waits"
	}
	return []string{
		"the certificate is fetched from Let's Encrypt once DNS leads to the server; readers over https wait for it, for some seconds. To have one beforehand, get it by DNS-01 with a tool of your own, as certbot or lego, and give --cert and --key",
		caa,
	}
}
