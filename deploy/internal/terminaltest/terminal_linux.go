package terminaltest

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Written returns what do writes to a terminal of 60 columns. The test is
// skipped where there is none.
func Written(t *testing.T, do func(tty *os.File)) string {
	t.Helper()
	user, tty := open(t)
	defer user.Close()
	written := make(chan string)
	go func() {
		all, _ := io.ReadAll(user) // ends with an error once the other side has been closed
		written <- string(all)
	}()
	do(tty)
	require.NoError(t, tty.Close())
	return <-written
}

// open makes a pseudo-terminal: what is written to tty can be read from user.
func open(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: " + err.Error())
	}
	require.NoError(t, unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}))
	return user, tty
}
