package outcome

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCodesAreThoseOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../spec/click-log.md")
	require.NoError(t, err)
	for code, n := range notices {
		status := "| " + string(rune('0'+n.Status/100)) + string(rune('0'+n.Status/10%10)) + string(rune('0'+n.Status%10)) + " |"
		if code == ESPError {
			status = "| as the ESP answered |"
		}
		require.Contains(t, string(spec), "| `"+string(code)+"` "+status)
	}
	rows := regexp.MustCompile("(?m)^\\| `\\w+` \\| (\\d{3}|as the ESP answered) \\|").FindAllString(string(spec), -1)
	require.Len(t, rows, len(notices))
}
