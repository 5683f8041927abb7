package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
)

// A panic ends in a page and a line of the log, before and after the answer has
// left, and goes no further. Natively there is no host: nothing can be sent,
// and the line goes to standard error.
func TestPanicGoesNoFurther(t *testing.T) {
	for _, answered := range []bool{false, true} {
		x := &exchange{answered: answered}
		x.record.Status = 302
		require.NotPanics(t, func() {
			defer x.finish()
			panic("what a reader sent")
		})
		require.Equal(t, outcome.Internal, x.record.Code)
		require.Equal(t, core.Refuse, x.record.Action)
		require.True(t, x.answered)
		if answered {
			require.Equal(t, 302, x.record.Status, "what has left has left")
		} else {
			require.Equal(t, 500, x.record.Status)
		}
	}
}

// Without a host every call fails, and an answer is tried all the same.
func TestServeWithoutAHost(t *testing.T) {
	require.NotPanics(t, serve)
	require.True(t, hot.answered)
	require.Equal(t, outcome.Internal, hot.record.Code, "nothing could be sent")
}
