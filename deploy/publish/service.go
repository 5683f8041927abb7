package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/pack"
)

// ServiceEnv is the variable from which the Fastly CLI takes the service's id
// too.
const ServiceEnv = "FASTLY_SERVICE_ID"

// ServiceID finds the id where the Fastly CLI finds it, in the same order:
// flag, environment, the fastly.toml that lies here.
func ServiceID(in *input.Input, flag string, lookupEnv func(string) (string, bool)) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if id, _ := lookupEnv(ServiceEnv); id != "" {
		return id, nil
	}
	if _, err := os.Stat(pack.TreeManifest); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	text, err := in.ReadText("the manifest", pack.TreeManifest, input.MostManifest, "")
	if err != nil {
		return "", err
	}
	id, err := pack.ManifestService(text)
	if err != nil {
		return "", failure.Usage(fmt.Errorf("%s: %w", pack.TreeManifest, err), "name the service with --service-id")
	}
	return id, nil
}
