package setup

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// Road is where the link domain will be answered.
type Road string

// The two roads.
const (
	Server Road = "server" // a machine of one's own
	Fastly Road = "fastly" // Fastly Compute
)

// RoadOf reads the name of a road. Where none is given it is Fastly's only if a
// token of it is there.
func RoadOf(name string, lookupEnv func(string) (string, bool)) (road Road, guessed bool, err error) {
	switch Road(name) {
	case Server, Fastly:
		return Road(name), false, nil
	case "":
		if token, _ := lookupEnv("FASTLY_API_TOKEN"); token != "" {
			return Fastly, true, nil
		}
		return Server, true, nil
	}
	return "", false, failure.Usage(fmt.Errorf("--for %q is not known", cut(name)), "it is server or fastly")
}

// Command is one line for a shell, and what it is for.
type Command struct{ Line, Why string }

// PrintCommands writes commands, each with what it is for behind it as a
// comment: the lines can be run as they stand.
func PrintCommands(w io.Writer, list []Command) {
	width := 0
	for _, c := range list {
		if len(c.Line) <= 60 {
			width = max(width, len(c.Line))
		}
	}
	for _, c := range list {
		fmt.Fprintf(w, "  %-*s  # %s\n", width, c.Line, c.Why)
	}
}

// Next are the three commands that come after the files were written.
func (d *Draft) Next(road Road) []Command {
	sites := ""
	if d.File != "sites.json" {
		sites = " --sites " + output.ShellWord(d.File)
	}
	last := Command{"clickedge adopt " + d.Site.Host + sites + " --for " + string(road), "what stands there now, and the road to the cut-over"}
	if road == Fastly {
		return []Command{d.first(road), {"clickedge build" + sites + " -o pkg/clickedge.tar.gz", "the package to publish"}, last}
	}
	keys, _ := d.secrets()
	if keys != "" {
		keys = " --keys " + output.ShellWord(keys)
	}
	return []Command{d.first(road), {"clickedge server --http 127.0.0.1:7676" + sites + keys, "answers on this machine, to try it; Ctrl-C ends it"}, last}
}

// first is the command before the others: what else is needed, or a look at
// what was written.
func (d *Draft) first(road Road) Command {
	if road == Fastly && d.key != nil {
		return Command{fmt.Sprintf("clickedge keys push %s --key-file %s --create-store", d.KeyID, output.ShellWord(d.KeyFile())), "the secret, into the service's store; needs FASTLY_API_TOKEN"}
	}
	if _, join := d.secrets(); road == Server && join != "" {
		return Command{join, "one file with every secret, for the server"}
	}
	return Command{"clickedge check " + output.ShellWord(d.File), "what each link gets"}
}

// secrets is the file with every secret that the sites need, "" where that is
// not known, and the command that makes it of several.
func (d *Draft) secrets() (file, join string) {
	ids := d.keyIDs()
	if d.key != nil {
		ids = append(ids, d.KeyID)
	}
	var parts []string
	for _, id := range ids {
		if _, err := os.Stat(d.keyFile(id)); err != nil && (d.key == nil || id != d.KeyID) {
			return "", "" // it is kept elsewhere
		}
		parts = append(parts, output.ShellWord(d.keyFile(id)))
	}
	switch len(parts) {
	case 0:
		return "", ""
	case 1:
		return d.keyFile(ids[0]), ""
	}
	file = d.keyFile("all-keys") // no id has a hyphen
	all := output.ShellWord(file)
	return file, "install -m 600 /dev/null " + all + " && cat " + strings.Join(parts, " ") + " >" + all
}

// Secrets is the file beside sites.json with the secrets that its sites need,
// "" where there is none, or they need none.
func (d *Draft) Secrets() string {
	if len(d.keyIDs()) == 0 && d.key == nil {
		return ""
	}
	all := filepath.Join(filepath.Dir(d.File), "keys")
	if _, err := os.Stat(all); err == nil {
		return all
	}
	file, join := d.secrets()
	if join == "" {
		return file
	}
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// SecretOf is the file with the secret of a key, as init writes it.
func (d *Draft) SecretOf(id string) string { return d.keyFile(id) }
