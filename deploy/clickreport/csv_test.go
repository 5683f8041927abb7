package clickreport

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// No spreadsheet takes a name for a formula.
func TestCell(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "a.example": "a.example", "a=1": "a=1", "日本.example": "日本.example",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "  =1": "'  =1",
		"\t=1": `\t=1`, "\r=1": `\r=1`, "\n=1": `\n=1`,
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠a": "'＠a",
	} {
		require.Equal(t, want, cell(name), "%q", name)
	}
}
