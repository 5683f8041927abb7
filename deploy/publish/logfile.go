package publish

import (
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// ReadLogFile reads the file of --log, and the secrets of its target from the
// environment. A variable that no target reads is refused.
func ReadLogFile(in *input.Input, name string, lookupEnv func(string) (string, bool), environ func() []string) (*Log, error) {
	text, err := in.ReadText("the log target", name, input.MostManifest, "leave --log out to keep the one there is")
	if err != nil {
		return nil, err
	}
	if environ != nil {
		if v := UnknownLogVariable(environ()); v != "" {
			return nil, failure.Usage(fmt.Errorf("no log target reads the environment variable %s", clean.Cut(v, 60)), "these are read: "+strings.Join(LogVariables(), ", "))
		}
	}
	to, err := ReadLog(text, lookupEnv)
	if err != nil {
		return nil, failure.Usage(fmt.Errorf("%s: %w", sitesfile.Shown(name), err), "deploy/terraform/README.md has the targets and what each takes")
	}
	return to, nil
}
