package dnsplan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Errors of [ReadTerraform].
var (
	ErrNotTerraform = errors.New("it is not what terraform output -json prints")
	ErrProof        = errors.New("cannot be set")
)

// terraformOutput is the value of the output dns of deploy/terraform/example.
type terraformOutput struct {
	Challenges map[string][]struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"acme_challenges"`
	Targets   []string `json:"cname_targets"`
	Authority string   `json:"certificate_authority"`
}

// ReadTerraform reads one output, as "terraform output -json dns" prints it, or
// all outputs, of which it takes the one named dns. A value that cannot stand
// in a zone file is refused, with [ErrProof] or [ErrTarget].
func ReadTerraform(text []byte) (o Options, err error) {
	var all struct {
		DNS struct {
			Value json.RawMessage `json:"value"`
		} `json:"dns"`
	}
	if json.Unmarshal(text, &all) == nil && len(all.DNS.Value) > 0 {
		text = all.DNS.Value
	}
	var out terraformOutput
	if err := json.Unmarshal(text, &out); err != nil || out.Challenges == nil && out.Targets == nil {
		return o, ErrNotTerraform
	}
	o.Issuer, o.Proofs = Authorities[out.Authority], map[string][]Record{}
	if len(out.Targets) > 0 {
		o.Target = out.Targets[0]
		if err := CheckTarget(o.Target); err != nil {
			return o, err
		}
	}
	for host, list := range out.Challenges {
		for _, c := range list {
			r := Record{Name: strings.TrimSuffix(c.Name, "."), Type: c.Type, Value: strings.TrimSuffix(c.Value, ".")}
			if r.Type != "CNAME" || !IsName(r.Name) || !IsName(r.Value) {
				return o, fmt.Errorf("challenge %.120q %.10q %.120q of %.120q %w", c.Name, c.Type, c.Value, host, ErrProof)
			}
			o.Proofs[host] = append(o.Proofs[host], r)
		}
	}
	return o, nil
}
