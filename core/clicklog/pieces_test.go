package clicklog

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/verdict"
)

// The pieces are written out: each has the name of its value.
func TestPiecesHaveTheNames(t *testing.T) {
	require.Equal(t, `{"v":`+strconv.Itoa(Version)+`,"time":"`, recordHead)
	for k := esp.KindOther; k <= esp.KindHealth; k++ {
		require.Equal(t, `","kind":"`+k.String()+`","method":"`, kindPiece(k))
	}
	for a := core.Refuse; a <= core.Reply; a++ {
		require.Equal(t, `","action":"`+a.String()+`","code":"`, actionPiece(a))
	}
	for g := esp.Likely; g <= esp.Learned; g++ {
		require.Equal(t, `","reading":"`+g.String(), readingPiece(g))
	}
	require.Empty(t, readingPiece(esp.Unread))
	for w := verdict.WhoUnknown; w <= verdict.WhoBot; w++ {
		require.Equal(t, `,"verdict":"`+w.String()+`","reasons":"`, whoPiece(w))
	}
}
