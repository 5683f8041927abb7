package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Text is used from where the page begins in which the rest of hot is.
func TestTextIsUsedBesideTheRest(t *testing.T) {
	first, second := textPieces()
	require.Len(t, first, len(hot.text)-len(second))
	require.Equal(t, len(second), cap(second))
	require.Less(t, len(first), memoryPage)
	table := uintptr(unsafe.Pointer(&hot.table))
	require.Equal(t, table, uintptr(unsafe.Pointer(&hot.text))+uintptr(len(hot.text)), "before is no multiple of eight")
	require.Equal(t, table/memoryPage*memoryPage, table-uintptr(len(first)))
}

// What is made while the guest is initialised lies apart from its constants,
// and a click would pay for the memory around it. So the linker may know of no
// work to be done then, but for the table of presets, which only the config
// store's entries need, and what this package does itself.
func TestNothingIsMadeAtInitialisation(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edge")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	symbols, err := exec.Command("go", "tool", "nm", file).CombinedOutput()
	require.NoError(t, err, "%s", symbols)
	var tasks []string
	for _, m := range regexp.MustCompile(`(?m) (\S*clickedge/clickedge/\S*|main)\.\.inittask$`).FindAllSubmatch(symbols, -1) {
		tasks = append(tasks, string(m[1]))
	}
	require.ElementsMatch(t, []string{"main", "github.com/clickedge/clickedge/core"}, tasks, "packages with variables that are computed")
}
