package check

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/clickedge/clickedge/deploy/output"
)

// Text writes the tables of a report for people. Warnings go elsewhere.
func (r *Report) Text(w io.Writer) {
	printTable(w, r.Sites)
	for i := range r.Sites {
		printESPs(w, &r.Sites[i])
		printRetired(w, &r.Sites[i])
	}
	printRecalls(w, r.Sites)
	printLogs(w, r.Sites)
	if len(r.Backends) > 0 {
		printBackends(w, r.Backends)
		printReadings(w, r.Sites)
		printCertificates(w, r.Certificates)
	}
}

func printTable(out io.Writer, sites []Site) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tESP\tBACKEND\tCLICKS\tWHEN ESP FAILS\tKEYS")
	for _, s := range sites {
		for _, e := range s.settings() {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Host, e.ESP, output.Dash(e.Backend), e.Clicks, e.WhenESPFails,
				output.Dash(strings.Join(s.Keys, ",")))
		}
	}
	w.Flush()
}

func printBackends(out io.Writer, backends []Backend) {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BACKEND\tADDRESS\tPORT\tSNI AND CERTIFICATE NAME")
	for _, b := range backends {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", b.Name, b.Address, b.Port, cmp.Or(b.SNI, "no TLS"))
	}
	w.Flush()
}

func printCertificates(w io.Writer, list []Certificate) {
	if len(list) > 0 {
		fmt.Fprint(w, "\nCERTIFICATES BY THE ESP\n")
	}
	for _, n := range list {
		fmt.Fprintf(w, "%s: %s\n", output.Some(n.Hosts, 6), n.First)
	}
}
