//go:build !wasip1

package guest

import (
	"os"
	"slices"
)

func environ() []string { return os.Environ() }

func args() []string { return slices.Clone(os.Args) }
