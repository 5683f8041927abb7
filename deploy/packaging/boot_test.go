package packaging

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bootLimit ends a machine that hangs.
const bootLimit = 5 * time.Minute

// layMachine lays a machine over this one, whose writes are lost.
const layMachine = `
top=$(mktemp -d)
mount -t tmpfs tmpfs "$top"
mkdir "$top/up" "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/up,workdir=$top/work" "$top/root"
`

// enter runs something in that machine, in a network of its own.
const enter = `exec systemd-nspawn --directory="$top/root" --register=no --keep-unit --private-network --machine=clickedge-test `

// bootMachine boots systemd in it; $1 is the folder of the test.
const bootMachine = layMachine + `
cp "$1"/units/* "$top/root/etc/systemd/system/"
rm -f "$top/root/usr/sbin/policy-rc.d" # images for containers have it, so that packages start nothing
` + enter + `--bind="$1:/test" --boot -- systemd.unit=clickedge-test.target systemd.show_status=0
`

// bootUnits are what the machine boots into: the script, and then off.
var bootUnits = map[string]string{
	"clickedge-test.target":  "[Unit]\nDescription=Test\nRequires=sysinit.target\nWants=clickedge-test.service\nAfter=sysinit.target\nAllowIsolate=yes\n",
	"clickedge-test.service": "[Unit]\nDescription=Test of clickedge's package\nAfter=sysinit.target systemd-journald.service\nSuccessAction=poweroff-force\nFailureAction=poweroff-force\n[Service]\nType=oneshot\nExecStart=/bin/sh /test/boot.sh\nStandardOutput=append:/test/report\nStandardError=append:/test/report\nTimeoutStartSec=240\n",
}

// The package on a machine with systemd: installed, started by its sockets, shut
// in, given a key, killed, upgraded and purged, as testdata/boot.sh does it.
func TestSystemdRuns(t *testing.T) {
	if os.Geteuid() != 0 {
		lack(t, "only root can boot systemd")
	}
	for _, program := range []string{"systemd-nspawn", "curl", "dpkg"} {
		need(t, program)
	}
	permitted(t, need(t, "unshare"), "--mount", "sh", "-ec", layMachine+enter+"true")
	files, dir := files(t), t.TempDir()
	one, _ := packages(t, files, "0.0.1")
	two, _ := packages(t, files, "0.0.2")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "units"), 0o755))
	keyed := strings.Replace(sites, `"clicks"`, `"keys": ["k1"], "clicks"`, 1)
	for name, text := range map[string]string{
		"old.deb": read(t, one), "new.deb": read(t, two), "boot.sh": read(t, "testdata/boot.sh"),
		"sites.json": sites, "keyed.json": keyed, "target": click,
		"units/clickedge-test.target": bootUnits["clickedge-test.target"], "units/clickedge-test.service": bootUnits["clickedge-test.service"],
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	machine := exec.CommandContext(ctx, need(t, "unshare"), "--mount", "sh", "-ec", bootMachine, "sh", dir)
	var said bytes.Buffer
	machine.Stdout, machine.Stderr, machine.WaitDelay = &said, &said, time.Minute
	machine.Cancel = func() error { return machine.Process.Signal(os.Interrupt) }
	err := machine.Run()
	report, _ := os.ReadFile(filepath.Join(dir, "report"))
	require.FileExists(t, filepath.Join(dir, "passed"), "%v\n%s\n%s", err, &said, report)
}
