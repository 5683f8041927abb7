package build

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/fastlyapi"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// packing is what becomes of a module: how its package is named, what manifest
// it has, and what must not be inside.
type packing struct {
	name     string // "": the module alone is written
	manifest []byte
	secrets  []pack.Secret
}

// packing reads what the flags name before anything is built.
func (o *Options) packing(sites *core.Sites) (p packing, err error) {
	if strings.HasSuffix(o.Out, ".tar.gz") || strings.HasSuffix(o.Out, ".tgz") {
		if p.manifest, err = o.readManifest(); err != nil {
			return p, err
		}
		if p.name, err = pack.ManifestName(p.manifest); err != nil {
			return p, failure.Usage(fmt.Errorf("%s: %w", o.Manifest, err), "https://www.fastly.com/documentation/reference/compute/fastly-toml/ has the fields")
		}
	} else if o.Manifest != "" {
		return p, failure.Usage(errors.New("--manifest is for packages"), "write one with -o pkg/clickedge.tar.gz")
	}
	if p.secrets, err = o.secrets(sites); err != nil {
		return p, err
	}
	for _, s := range p.secrets {
		if !s.Searchable() {
			fmt.Fprintf(o.Err, "warning: %s is not looked for: it is under 8 bytes long, or not on this machine\n", s.Name)
		}
	}
	return p, p.checkManifest()
}

func (o *Options) readManifest() ([]byte, error) {
	if o.Manifest == "" {
		return pack.Manifest, nil
	}
	return o.In.ReadText("the manifest", o.Manifest, input.MostManifest, "leave --manifest out to have one made")
}

// checkManifest: what is in the manifest is in the package.
func (p *packing) checkManifest() error {
	found := pack.FindSecrets(p.manifest, p.secrets)
	if len(found) == 0 {
		return nil
	}
	f := failure.Bad(errors.New("the manifest holds a secret and would be part of the package; nothing was written"),
		`in [local_server], name a variable with env = "…" or a file with file = "…" instead of data`)
	f.Detail = "it holds " + strings.Join(found, "\nit holds ")
	return f
}

// secrets gathers all that this machine is known to keep secret.
func (o *Options) secrets(sites *core.Sites) (list []pack.Secret, err error) {
	keys, err := o.keys(sites)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		name := k.ID // a file's, where it does not say whose secret it holds
		if signed.IsKeyID(name) {
			name = "key " + name
		}
		list = append(list, pack.Secret{Name: name, Value: k.Secret()})
	}
	if token, ok := o.LookupEnv(fastlyapi.TokenEnv); ok && token != "" {
		list = append(list, pack.Secret{Name: fastlyapi.TokenEnv, Value: token})
	}
	local, err := o.localSecrets()
	return append(list, local...), err
}

// keys are those of the files, whatever their ids, and of the environment.
func (o *Options) keys(sites *core.Sites) ([]keyring.Key, error) {
	keys, err := keyring.Load(o.Keys, o.KeyFiles)
	if err != nil {
		return nil, keyring.Failure(err)
	}
	ring, err := keyring.Gather(o.Keys, keyring.Want{IDs: sitesfile.KeyIDs(sites), Who: o.Sites})
	if err != nil {
		return nil, err
	}
	for _, kid := range ring.IDs() {
		k, _ := ring.Key(kid)
		keys = append(keys, k)
	}
	return keys, nil
}

// localSecrets are those of the manifest given, or of the one that lies here.
func (o *Options) localSecrets() ([]pack.Secret, error) {
	name := cmp.Or(o.Manifest, pack.TreeManifest)
	if _, err := os.Stat(name); o.Manifest == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	text, err := o.In.ReadText("the manifest", name, input.MostManifest, "")
	if err != nil {
		return nil, err
	}
	list, err := pack.LocalSecrets(text, filepath.Dir(name), o.LookupEnv)
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("%s: %w", name, err), "its secrets are read so that none of them gets into the package")
	}
	return append(list, o.insideKeyFiles(list)...), nil
}

// insideKeyFiles: where a file that fastly.toml names is a key file, what must
// not be in the package is the secret in it, not the whole text. The whole text
// is what a local server takes.
func (o *Options) insideKeyFiles(list []pack.Secret) (inside []pack.Secret) {
	for _, s := range list {
		keys, err := keyring.Parse([]byte(s.Value))
		if err != nil {
			continue
		}
		for _, k := range keys {
			if k.Secret() != s.Value {
				inside = append(inside, pack.Secret{Name: s.Name, Value: k.Secret()})
				fmt.Fprintf(o.Err, "warning: %s is a whole key file, and a local server would take all of it as the secret: clickedge keys new --bare writes the secret alone\n", s.Name)
			}
		}
	}
	return inside
}

// pack returns what is to be written, and the hash of a package's files.
func (p *packing) pack(wasm []byte) (data []byte, hash string, err error) {
	if p.name == "" {
		return wasm, "", nil
	}
	if data, err = pack.Archive(p.name, wasm, p.manifest); err != nil {
		return nil, "", err
	}
	return data, pack.Hash([]pack.File{{Name: "bin/main.wasm", Data: wasm}, {Name: "fastly.toml", Data: p.manifest}}), nil
}
