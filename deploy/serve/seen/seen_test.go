package seen

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/deploy/explain"
)

// The reason is that of the decision if the result agrees with it, that of the
// failure if the ESP failed, else the code's meaning.
func TestReasons(t *testing.T) {
	x := &explain.Explanation{
		Decision: explain.Outcome{Action: "proxy", Code: outcome.OK, Why: "because"},
		IfFails:  &explain.Outcome{Action: "redirect", Why: "it fails"},
	}
	require.Equal(t, "because", reasonOf(x, Line{Action: "proxy", Code: outcome.OK}, "x"))
	require.Equal(t, "x: it fails", reasonOf(x, Line{Action: "redirect", Code: outcome.ESPTimeout}, "x"))
	x.IfAnswers = &explain.Outcome{Action: "redirect", Code: outcome.Recalled, Why: "it is recalled"}
	require.Equal(t, "it is recalled", reasonOf(x, Line{Action: "redirect", Code: outcome.Recalled}, "x"))
	require.Equal(t, "x", reasonOf(x, Line{Action: "refuse", Code: outcome.ESPTimeout}, "x"))
	require.Equal(t, "x", reasonOf(&explain.Explanation{Decision: explain.Outcome{Action: "refuse"}}, Line{}, "x"))
}
