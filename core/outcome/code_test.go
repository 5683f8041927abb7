package outcome

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each code has a row in the specification with the status of its notice, and
// no other code has one. Only that of Internal is for codes that have none.
func TestCodesAreThoseOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../spec/click-log.md")
	require.NoError(t, err)
	source, err := os.ReadFile("code.go")
	require.NoError(t, err)
	codes := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +(?:Code )?= "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		codes[m[1]] = true
	}
	require.True(t, codes[string(OK)])
	delete(codes, string(OK))
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}|as the ESP answered) \\|").FindAllStringSubmatch(string(spec), -1) {
		require.True(t, codes[row[1]], row[1])
		delete(codes, row[1])
		code := Code(row[1])
		require.Equal(t, code == Internal, code.Notice() == Internal.Notice(), code)
		if code != ESPError {
			require.Equal(t, row[2], strconv.Itoa(code.Notice().Status), code)
		}
	}
	require.Empty(t, codes, "not in the specification")
	require.Equal(t, Internal.Notice(), Code("none").Notice())
}
