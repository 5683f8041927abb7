package differential

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runs compares the programs themselves on "run": one made-up request,
// arguments passed on, the exit code back.
func runs(t *testing.T, l *ledger) {
	guest := buildGo(t, "command", "../cmd/hostsim/testdata/guest")
	ours := filepath.Join(t.TempDir(), "hostsim")
	out, err := exec.Command("go", "build", "-o", ours, "../cmd/hostsim").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, args := range [][]string{nil, {"7"}, {"--", "7"}, {"-test.v", "--x=y", "z z"}, {"-v"}} {
		theirOut, theirCode := once(t, findViceroy(t), guest, args)
		ourOut, ourCode := once(t, ours, guest, args)
		var list []difference
		for _, d := range []difference{{Field: "exit code", Theirs: theirCode, Ours: ourCode}, {Field: "stdout", Theirs: theirOut, Ours: ourOut}} {
			if d.Case = strings.Join(append([]string{"run", filepath.Base(guest)}, args...), " "); d.Theirs != d.Ours {
				list = append(list, d)
			}
		}
		l.judge(list)
	}
}

func once(t *testing.T, program, module string, args []string) (stdout, code string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(program, append([]string{"run", module}, args...)...)
	cmd.Stdout = &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), cmd.ProcessState.String()
}
