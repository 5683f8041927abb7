package override

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Change is a change of one entry.
type Change struct {
	Host     string
	Before   string  // the entry as it was read; "" for none
	After    *Object // nil: the entry is deleted
	Question string
	Yes      bool // do not ask
	DryRun   bool // change nothing
	In       *input.Input
	Out, Err io.Writer
}

// Change shows what changes, asks, and writes the entry, unless somebody else
// has changed it meanwhile. It reads back what it wrote.
func (s *Store) Change(ctx context.Context, c *Change) error {
	after, text := c.After, ""
	if after != nil {
		text = after.Text()
	}
	if text == c.Before {
		fmt.Fprintf(c.Out, "the entry %s is like that already; nothing was written\n", c.Host)
		return nil
	}
	before, _ := Parse([]byte(c.Before))
	fmt.Fprint(c.Out, Diff(before, after))
	if c.DryRun {
		fmt.Fprintln(c.Out, "nothing was written (--dry-run)")
		return nil
	}
	if !c.Yes {
		yes, err := c.In.Confirm(c.Question, "--yes")
		if err != nil {
			return err
		}
		if !yes {
			return failure.Bad(errors.New("not confirmed; nothing was written"), "answer y, or say --yes")
		}
	}
	if err := s.replace(ctx, c.Host, c.Before, text); err != nil {
		return err
	}
	if after == nil {
		fmt.Fprintf(c.Out, "deleted the entry %s of %s\n", c.Host, s.Where())
	} else {
		fmt.Fprintf(c.Out, "wrote the entry %s of %s, %d of %d characters, and read it back\n", c.Host, s.Where(), after.Size(), contract.MaxConfigEntry)
	}
	fmt.Fprintln(c.Err, "it takes some seconds until every place has it")
	return nil
}

// Checked is an object that the module would take.
type Checked struct {
	Object *Object
	Site   *core.Site
}

// Warnings are for the operator, each a sentence.
func (c *Checked) Warnings(now time.Time) []string {
	list := check.Warnings(c.Site, now)
	if room := c.Object.Room(); room != "" {
		list = append(list, c.Site.Host+": the entry nears its limit, "+room)
	}
	return list
}

// Check reads a file with the object of one site as the module would read it in
// the config store. Beside the file lie those that it names, which are put in.
// sites are those of sites.json, nil for none, and backends those of the
// service, nil where they are not known.
func Check(in *input.Input, file, host string, text []byte, sites *core.Sites, backends []string) (*Checked, error) {
	dir := filepath.Dir(sitesfile.Shown(file))
	return checkWith(file, host, text, sites, backends, func(name string) ([]byte, error) {
		return files.Read(in.Ctx, filepath.Join(dir, name), nil, mostAppLinks)
	})
}

// mostAppLinks is the most that is read of a file that an object names.
const mostAppLinks = 4 << 20

// CheckEntry is Check for the text of an entry, which can name no files. name
// is what messages call it.
func CheckEntry(name, host, text string, sites *core.Sites, backends []string) (*Checked, error) {
	return checkWith(name, host, []byte(text), sites, backends, func(string) ([]byte, error) {
		return nil, errors.New("an entry of the config store has the contents of files, not their names")
	})
}

func checkWith(name, host string, text []byte, sites *core.Sites, backends []string, read func(string) ([]byte, error)) (*Checked, error) {
	if _, err := Parse(text); err != nil {
		_, mistakes := sitesjson.ParseSite(host, text)
		if e := new(sitesjson.Error); errors.As(mistakes, &e) {
			e.Name = sitesfile.Shown(name)
			return nil, sitesfile.Failure(e.Name, e)
		}
		return nil, failure.Bad(fmt.Errorf("%s is %w", sitesfile.Shown(name), err), "it is one object, what sites.json has under "+host)
	}
	text, err := inline(name, host, text, read)
	if err != nil {
		return nil, err
	}
	o, err := Parse(text)
	if err != nil {
		return nil, err
	}
	site, why := sitesjson.ReadOverride(host, []byte(o.Text()), known{sites, host})
	switch {
	case site == nil:
		return nil, failure.Bad(fmt.Errorf("the module would ignore %s: %s", sitesfile.Shown(name), clean.Text(why)), "")
	case o.Size() > contract.MaxConfigEntry:
		return nil, failure.Bad(fmt.Errorf("%s does not fit into an entry: %s", sitesfile.Shown(name), o.Room()),
			"take something out of it, or change sites.json and publish that: a module holds as much as you like")
	}
	if list := missing(site, backends); len(list) > 0 {
		return nil, failure.Bad(fmt.Errorf("the module would ignore %s: the service has no backend %s", sitesfile.Shown(name), strings.Join(list, ", ")),
			"publish a sites.json that needs it first; its backends are "+cmp.Or(strings.Join(backends, ", "), "none"))
	}
	return &Checked{Object: o, Site: site}, nil
}

// known are the link domains of sites.json.
type known struct {
	sites *core.Sites
	host  string
}

func (k known) Has(host string) bool { return host == k.host || k.sites.Has(host) }

// missing are the backends of a site that the service does not have; none where
// nil says that they are not known.
func missing(site *core.Site, backends []string) (list []string) {
	if backends == nil {
		return nil
	}
	for _, o := range site.Origins() {
		if !slices.Contains(backends, o.Backend) && !slices.Contains(list, o.Backend) {
			list = append(list, o.Backend)
		}
	}
	return list
}

// inline checks an object as a file of one site, where every mistake is
// reported with its line, and inserts the files that it names.
func inline(name, host string, text []byte, read func(string) ([]byte, error)) ([]byte, error) {
	head, tail := `{"sites": {"`+host+`": `, "}}"
	_, whole, err := sitesfile.Parse(name, []byte(head+string(text)+tail), read)
	if err != nil {
		return nil, err
	}
	return whole[len(head) : len(whole)-len(tail)], nil
}
