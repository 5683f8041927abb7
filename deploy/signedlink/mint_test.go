package signedlink

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A list with an endless line gets this command's own message.
func TestSignRefusesALineWithoutEnd(t *testing.T) {
	_, err := new(Minter).MintLines(strings.NewReader("\n\n" + strings.Repeat("\x00", MaxLine+1)))
	require.EqualError(t, err, "line 3 of the destinations goes on after 1 MiB, which is all that is read; nothing was signed")
}
