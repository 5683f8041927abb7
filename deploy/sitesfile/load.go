package sitesfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
)

// mostAppLinks is the most that is read of a file beside sites.json, in bytes:
// Apple takes 128 KiB of one for app links.
const mostAppLinks = 4 << 20

// Load reads a sites.json and returns its text too, with the files that it
// names put in.
func Load(in *input.Input, name string) (*core.Sites, []byte, error) {
	text, err := in.ReadText("the sites", name, Most, "name the file that describes the link domains, as in --sites deploy/examples/customerio.json")
	if err != nil {
		return nil, nil, err
	}
	return ParseBeside(in, name, text)
}

// LoadRaw is Load for what is kept in step with the file: it returns the file's
// own text too.
func LoadRaw(in *input.Input, name string) (sites *core.Sites, text, raw []byte, err error) {
	if raw, err = in.ReadText("the sites", name, Most, "name the file that describes the link domains"); err != nil {
		return nil, nil, nil, err
	}
	sites, text, err = ParseBeside(in, name, raw)
	return sites, text, raw, err
}

// ParseBeside parses the text of a sites.json. The files that it names lie
// beside it.
func ParseBeside(in *input.Input, name string, text []byte) (*core.Sites, []byte, error) {
	dir := filepath.Dir(Shown(name))
	return Parse(name, text, func(file string) ([]byte, error) {
		return files.Read(in.Ctx, filepath.Join(dir, file), nil, mostAppLinks)
	})
}

// LoadIfThere is Load for a command that can do without sites: nil where there
// is no such file and nobody has asked for it.
func LoadIfThere(in *input.Input, name string, asked bool) (*core.Sites, error) {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && !asked {
		return nil, nil
	}
	sites, _, err := Load(in, name)
	return sites, err
}
