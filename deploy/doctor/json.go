package doctor

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the report as one indented JSON object, with the names of [Report]'s fields.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Worst Severity `json:"worst"`
		*Report
	}{r.Worst(), r})
}
