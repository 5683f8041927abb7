package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

// Order is what "migrate" is asked for, as its flags say it.
type Order struct {
	File    string // "-" for standard input
	Typed   bool   // standard input was asked for: it may be a terminal
	From    string // a [Format], "" to detect it
	Hosts   []string
	Root    string // folder of nginx's includes, "" for that of File
	Into    string // sites.json to add to, "" for none
	Replace bool   // hosts that Into already has

	In *input.Input
}

// Read reads the configuration.
func (o *Order) Read() (*Result, error) {
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	text, err := o.text()
	if err != nil {
		return nil, err
	}
	if root := o.folder(); root != "" {
		folder, err := OpenFolder(root)
		if err != nil {
			return nil, failure.Usage(fmt.Errorf("cannot open the folder of includes: %w", err), "")
		}
		defer folder.Close()
		opt.Files = folder
	}
	r, err := Read(o.shown(), text, opt)
	if e := new(Error); errors.As(err, &e) {
		return nil, failure.Bad(err, e.Hint)
	}
	return r, err
}

func (o *Order) options() (opt Options, err error) {
	opt.From = Format(o.From)
	if o.Replace && o.Into == "" {
		return opt, failure.Usage(errors.New("--replace is of use with --into only"), "")
	}
	for _, host := range o.Hosts {
		l, err := pasted.Parse([]string{host}, pasted.Options{})
		if err != nil || l.Target != "/" || strings.Contains(host, "/") {
			return opt, failure.Usage(fmt.Errorf("--host %q is not the name of a link domain", clean.Cut(host, 120)), "as in --host link.example.com")
		}
		opt.Hosts = append(opt.Hosts, l.Host)
	}
	if o.From != "" && !slices.Contains(Formats(), opt.From) {
		return opt, failure.Usage(fmt.Errorf("--from: unknown format %q", clean.Cut(o.From, 60)), "the formats are nginx, cloudfront and fastly-vcl")
	}
	return opt, nil
}

func (o *Order) text() ([]byte, error) {
	if o.File == files.Std && !o.Typed && terminal.Is(o.In.Stdin) {
		return nil, failure.Usage(errors.New("migrate: no configuration given"), "name its file, or - to type it")
	}
	return o.In.ReadText("the configuration", o.File, maxInput, "name a file, or \"-\" for standard input")
}

// shown is the configuration's name in messages.
func (o *Order) shown() string {
	if o.File == files.Std {
		return "<standard input>"
	}
	return o.File
}

// folder is where includes are read, "" for nowhere.
func (o *Order) folder() string {
	if o.Root != "" || o.File == files.Std {
		return o.Root
	}
	return filepath.Dir(o.File)
}

// Merge returns the new text of Into, which need not exist yet: with the sites
// in it, and as core accepts it.
func (o *Order) Merge(r *Result) ([]byte, error) {
	after := r.JSON()
	if _, err := os.Stat(o.Into); !errors.Is(err, os.ErrNotExist) {
		old, err := o.In.ReadText("the sites", o.Into, sitesfile.Most, "")
		if err != nil {
			return nil, err
		}
		if err := o.check(old); err != nil {
			return nil, err
		}
		if after, err = Merge(old, r.Sites, o.Replace); err != nil {
			return nil, failure.Bad(fmt.Errorf("%s: %w", o.Into, err), "--replace puts the new in its place; without --into it goes to standard output")
		}
	}
	return after, o.check(after)
}

// check refuses a text of Into that is no sites.json.
func (o *Order) check(text []byte) error {
	_, _, err := sitesfile.ParseBeside(o.In, o.Into, text)
	return err
}

// Document is a result as one JSON document.
type Document struct {
	From     Format          `json:"from"`
	Sites    json.RawMessage `json:"sites"` // a sites.json; null for none
	Findings []Finding       `json:"notes"`
}

// Document is what --json prints.
func (r *Result) Document() Document { return Document{r.From, r.JSON(), r.Findings} }

// Failure is that of a result without sites; nil for one with any.
func (r *Result) Failure() error {
	if len(r.Sites) > 0 {
		return nil
	}
	return failure.Bad(errors.New("there is nothing to carry over"), "the notes say why")
}
