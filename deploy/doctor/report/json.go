package report

import (
	"encoding/json"
	"io"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// WriteJSON writes the report as one indented JSON object, with the names of
// [Report]'s fields.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Worst catalogue.Severity `json:"worst"`
		*Report
	}{r.Worst(), r})
}
