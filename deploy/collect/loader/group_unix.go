//go:build unix

package loader

import (
	"os/exec"
	"syscall"
)

// asGroup lets a program have a process group of its own: Ctrl-C does not reach
// it, and the end of its time reaches what it has started, too. The package of
// PyPI is a script around the program.
func asGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
