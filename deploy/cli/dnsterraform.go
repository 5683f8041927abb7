package cli

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxTerraform bounds what is read of Terraform's outputs, in bytes.
const maxTerraform = 16 << 20

// terraformDNS is the value of the output dns of deploy/terraform/example.
type terraformDNS struct {
	Challenges map[string][]struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"acme_challenges"`
	Targets   []string `json:"cname_targets"`
	Authority string   `json:"certificate_authority"`
}

// readTerraform takes one output, as "terraform output -json dns" prints it, or
// all of them, where it is the one named dns.
func (d *dnsPlan) readTerraform(z *dnsZone) error {
	text, err := d.env.readText("Terraform's outputs", d.terraform, maxTerraform, "terraform output -json dns prints them")
	if err != nil {
		return err
	}
	var all struct {
		DNS struct {
			Value json.RawMessage `json:"value"`
		} `json:"dns"`
	}
	if json.Unmarshal(text, &all) == nil && len(all.DNS.Value) > 0 {
		text = all.DNS.Value
	}
	var out terraformDNS
	if err := json.Unmarshal(text, &out); err != nil || out.Challenges == nil && out.Targets == nil {
		return usage(fmt.Errorf("%s: %w", shownName(d.terraform), errNotTerraform), "deploy/terraform/example has an output dns, for terraform output -json dns")
	}
	return z.take(&out)
}

// take refuses what could not stand in a zone file.
func (z *dnsZone) take(out *terraformDNS) error {
	if len(out.Targets) > 0 {
		z.target = out.Targets[0]
	}
	if issuer, ok := authorities[out.Authority]; ok {
		z.issuer = issuer
	}
	for host, list := range out.Challenges {
		for _, c := range list {
			r := dnsRecord{Name: strings.TrimSuffix(c.Name, "."), Type: c.Type, Value: strings.TrimSuffix(c.Value, ".")}
			if r.Type != "CNAME" || !isDNSName(r.Name) || !isDNSName(r.Value) {
				return usage(fmt.Errorf("challenge %q %q %q of %q cannot be set", cut(c.Name, 120), cut(c.Type, 10), cut(c.Value, 120), cut(host, 120)),
					"Fastly's are CNAMEs from _acme-challenge to fastly-validations.com")
			}
			z.challenges[host] = append(z.challenges[host], r)
		}
	}
	return nil
}
