package canspam_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nothing else in the commands says for how long the law asks it: it would be a
// second sentence, and might become another one.
func TestTheRuleStandsOnce(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "CAN-SPAM") {
				found++
				require.Equal(t, filepath.Join("..", "canspam", "canspam.go"), name, line)
			}
		}
		return err
	})
	require.NoError(t, err)
	require.Equal(t, 1, found)
}
