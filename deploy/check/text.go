package check

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/clickedge/clickedge/deploy/output"
)

// Text writes the tables of a report for people. Warnings go elsewhere.
func (r *Report) Text(w io.Writer) error {
	if err := printTable(w, r.Sites); err != nil || len(r.Backends) == 0 {
		return err
	}
	if err := printBackends(w, r.Backends); err != nil {
		return err
	}
	if err := printReadings(w, r.Sites); err != nil {
		return err
	}
	return printCertificates(w, r.Certificates)
}

func printTable(out io.Writer, sites []Site) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tESP\tBACKEND\tCLICKS\tWHEN ESP FAILS\tKEYS")
	for _, s := range sites {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Host, s.ESP, output.Dash(s.Backend), s.Clicks, s.WhenESPFails,
			output.Dash(strings.Join(s.Keys, ",")))
	}
	return w.Flush()
}

func printBackends(out io.Writer, backends []Backend) error {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BACKEND\tADDRESS\tPORT\tSNI AND CERTIFICATE NAME")
	for _, b := range backends {
		name := "no TLS"
		if b.TLS {
			name = b.SNI
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", b.Name, b.Address, b.Port, name)
	}
	return w.Flush()
}

func printCertificates(w io.Writer, list []Certificate) error {
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("\nCERTIFICATES BY THE ESP\n")
	for _, n := range list {
		fmt.Fprintf(&b, "%s: %s\n", output.Some(n.Hosts, 6), n.First)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
