package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Draft is a site and where it is written.
type Draft struct {
	Site   Site
	File   string // sites.json
	Add    bool   // to a File that is there
	Signed bool   // with signed links
	KeyID  string // of their key, "" for the next one that is free
	// Beside are the files of app links that go beside File, by name.
	Beside map[string][]byte

	In *input.Input

	there  *core.Sites // what File has already, nil where it is not there
	before []byte
	key    *keyring.Key // to be written, nil where there is none
}

// Look reads the sites.json that is there. It fails where that is broken.
func (d *Draft) Look() error {
	if d.File == files.Std {
		return failure.Usage(errors.New("sites.json is written to a file, beside which others may come"), "name it with --sites")
	}
	if _, err := os.Lstat(d.File); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	sites, _, raw, err := sitesfile.LoadRaw(d.In, d.File)
	if err != nil {
		return err
	}
	d.there, d.before = sites, append([]byte{}, raw...)
	return nil
}

// There is the site that the file has already; nil for none.
func (d *Draft) There() *core.Site {
	if d.there == nil {
		return nil
	}
	return d.there.Lookup(core.CanonicalHost(d.Site.Host))
}

// Exists reports whether the file is there; it then has some sites.
func (d *Draft) Exists() bool { return d.there != nil }

// Sites is how many sites the file has already.
func (d *Draft) Sites() string { return output.Count(d.there.Len(), "site") }

// Refuse returns an error where the site may not be written: the file has it, or
// it is there and nobody has asked to add to it.
func (d *Draft) Refuse() error {
	switch {
	case d.There() != nil:
		return failure.Bad(fmt.Errorf("%s has %s already, and it was left as it is", d.File, d.Site.Host),
			"change its entry there, and look with clickedge check "+output.ShellWord(d.File)+"; --sites writes another file")
	case d.Exists() && !d.Add:
		return failure.Bad(fmt.Errorf("%s is there already, with %s; nothing was written", d.File, d.Sites()),
			"--add puts "+d.Site.Host+" into it and changes nothing else; --sites writes another file")
	}
	return nil
}

// Plan completes the site and decides what is written. The site must be free of
// [Site.Problems]; what only the whole file shows is found here.
func (d *Draft) Plan() error {
	if err := d.Refuse(); err != nil {
		return err
	}
	d.Site.Complete()
	if d.Site.ESP == core.PresetNone {
		d.Signed = true
	}
	if err := d.planKey(); err != nil {
		return err
	}
	_, err := d.parse()
	return err
}

// planKey takes the id of a key. One that the file has for another site is
// shared: its secret is there already.
func (d *Draft) planKey() error {
	d.Site.Keys, d.key = nil, nil
	if !d.Signed {
		return nil
	}
	taken := d.keyIDs()
	for n := 1; d.KeyID == ""; n++ {
		id := "k" + strconv.Itoa(n)
		if _, err := os.Lstat(d.keyFile(id)); errors.Is(err, fs.ErrNotExist) && !slices.Contains(taken, id) {
			d.KeyID = id
		}
	}
	d.Site.Keys = []string{d.KeyID}
	if slices.Contains(taken, d.KeyID) {
		return nil
	}
	key, err := keyring.Make(d.KeyID)
	if err != nil {
		return err
	}
	if err := keyring.CheckName(d.keyFile(d.KeyID), key); err != nil {
		return err
	}
	d.key = &key
	return nil
}

func (d *Draft) keyIDs() []string {
	if d.there == nil {
		return nil
	}
	return sitesfile.KeyIDs(d.there)
}

func (d *Draft) keyFile(id string) string { return filepath.Join(filepath.Dir(d.File), id+".key") }

// KeyFile is the new file with a secret, "" for none.
func (d *Draft) KeyFile() string {
	if d.key == nil {
		return ""
	}
	return d.keyFile(d.KeyID)
}

// Shares reports whether the key is one that the file has for another site.
func (d *Draft) Shares() bool { return d.Signed && d.key == nil }

// Text is the whole of the sites.json as it will be.
func (d *Draft) Text() ([]byte, error) {
	text := d.before
	if d.there == nil {
		text = []byte(sitesfile.Empty)
	}
	return sitesfile.Merge(text, []sitesfile.Entry{d.Site.entry()}, false)
}

// parse reads what will be written, as every command does.
func (d *Draft) parse() (*core.Sites, error) {
	text, err := d.Text()
	if err != nil {
		return nil, failure.Bad(fmt.Errorf("%s: %w", d.File, err), "")
	}
	sites, _, err := sitesfile.Parse(d.File, text, func(name string) ([]byte, error) {
		if data, ok := d.Beside[name]; ok {
			return data, nil
		}
		return files.Read(d.In.Ctx, filepath.Join(filepath.Dir(d.File), name), nil, mostBeside)
	})
	return sites, err
}

const mostBeside = 4 << 20

// Warnings are what check says of the new site.
func (d *Draft) Warnings(now time.Time) []string {
	sites, err := d.parse()
	if err != nil {
		return nil // Plan has said it
	}
	return check.Warnings(sites.Lookup(d.Site.Host), now)
}

// Write writes all files, or none, and returns their names, sites.json last.
func (d *Draft) Write() (names []string, err error) {
	text, err := d.Text()
	if err != nil {
		return nil, err
	}
	var list []files.New
	if d.key != nil {
		list = append(list, files.New{Name: d.KeyFile(), Data: []byte(d.key.Text()), Mode: 0o600})
	}
	for _, name := range d.beside() {
		list = append(list, files.New{Name: filepath.Join(filepath.Dir(d.File), name), Data: d.Beside[name], Mode: 0o644})
	}
	list = append(list, files.New{Name: d.File, Data: text, Mode: 0o644, Before: d.before})
	if err := d.In.Ctx.Err(); err != nil {
		return nil, err
	}
	if err := files.Together(list); err != nil {
		return nil, failure.Bad(fmt.Errorf("nothing was written: %w", err), "what is there is never written over: move it away, or choose another --sites or --kid")
	}
	for _, f := range list {
		names = append(names, f.Name)
	}
	return names, nil
}

func (d *Draft) beside() (names []string) {
	for name := range d.Beside {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// Parsed is the site as the file has it, or will have it.
func (d *Draft) Parsed() (*core.Site, error) {
	if site := d.There(); site != nil {
		return site, nil
	}
	sites, err := d.parse()
	if err != nil {
		return nil, err
	}
	return sites.Lookup(d.Site.Host), nil
}
