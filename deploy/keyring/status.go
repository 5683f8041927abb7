package keyring

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// NotStored is the failure for keys that sites name and the store lacks; nil
// where there is none.
func NotStored(list []Status) error {
	var missing []string
	for _, s := range list {
		if s.Stored == "no" && s.State != StateUnlisted && s.State != StateHashes {
			missing = append(missing, s.KID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return failure.Bad(fmt.Errorf("not in the secret store: %s (their links are refused, %s)", strings.Join(missing, ", "), outcome.KeyUnavailable),
		"clickedge keys push "+missing[0]+" --key-file FILE")
}

// WriteStatus writes a table of keys. There is a column of fingerprints where
// one is known.
func WriteStatus(out io.Writer, list []Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	hosts := func(list []string) string { return output.Dash(output.Some(list, 1)) }
	column := func(string) string { return "" }
	if slices.ContainsFunc(list, func(s Status) bool { return s.Fingerprint != "" }) {
		column = func(text string) string { return text + "\t" }
	}
	fmt.Fprintf(w, "KEY\t%sMINTS FOR\tVERIFIES FOR\tSTORED\tCLICKS\tLAST CLICK\tSTATE\tWHY\n", column("FINGERPRINT"))
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s%s\t%s\t%s\t%d\t%s\t%s\t%s\n", clean.Text(s.KID), column(output.Dash(s.Fingerprint)), hosts(s.Mints), hosts(s.Verifies), s.Stored,
			s.Clicks, output.Dash(day(s.Last)), s.State, s.Why)
	}
	return w.Flush()
}

// day is the date of an RFC 3339 time.
func day(s string) string { return s[:min(len(s), len(time.DateOnly))] }
