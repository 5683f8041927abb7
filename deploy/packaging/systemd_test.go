package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// units returns the units' texts by their names.
func units(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("systemd/*")
	require.NoError(t, err)
	units := map[string]string{}
	for _, name := range names {
		units[filepath.Base(name)] = read(t, name)
	}
	require.Len(t, units, 4)
	return units
}

// The command takes the call that the service is started with, and each socket
// has a flag that takes it.
func TestUnits(t *testing.T) {
	units := units(t)
	service := units["clickedge.service"]
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/clickedge (.*) \$OPTIONS$`).FindStringSubmatch(service)
	require.NotNil(t, start)
	do(t, clickedge, append(strings.Fields(start[1]), "--help")...)
	sockets := 0
	for name, text := range units {
		if name == collect {
			continue
		}
		require.Contains(t, text, "\nAssertPathExists=/etc/clickedge/sites.json\n", name)
		kind, ok := strings.CutSuffix(name, ".socket")
		if !ok {
			continue
		}
		sockets++
		fd := regexp.MustCompile(`(?m)^FileDescriptorName=(\w+)$`).FindStringSubmatch(text)
		require.NotNil(t, fd, name)
		require.Equal(t, "clickedge-"+fd[1], kind)
		require.Contains(t, start[1], " --"+fd[1]+" systemd ")
		require.Contains(t, text, "\nService=clickedge.service\n")
		require.Regexp(t, `(?m)^Requires=.*\b`+regexp.QuoteMeta(name), service)
		require.Regexp(t, `(?m)^Also=.*\b`+regexp.QuoteMeta(name), service)
	}
	require.Equal(t, 2, sockets)
}

// collect is the unit of the log's receiver.
const collect = "clickedge-collect.service"

// The receiver is shut in as the server is, and has its token from the file that
// it waits for.
func TestUnitOfCollect(t *testing.T) {
	units := units(t)
	text := units[collect]
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/clickedge (.*) \$OPTIONS$`).FindStringSubmatch(text)
	require.NotNil(t, start)
	do(t, clickedge, append(strings.Fields(start[1]), "--help")...)
	shut := func(text string) string {
		_, text, _ = strings.Cut(text, "\nCapabilityBoundingSet=")
		text, _, _ = strings.Cut(text, "\n[Install]")
		return text
	}
	require.Equal(t, shut(units["clickedge.service"]), shut(text))
	require.Contains(t, text, "\nAssertPathExists=/etc/clickedge/log\n")
	require.Contains(t, text, "\nLoadCredential=clickedge.log:/etc/clickedge/log\n")
	require.Contains(t, start[1], "--dir /var/lib/clickedge-collect/")
	require.Contains(t, text, "\nStateDirectory=clickedge-collect\n")
}

// laid writes the units into a folder, with a path of the command that exists.
func laid(t *testing.T, change func(name, text string) string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range units(t) {
		text = strings.ReplaceAll(text, "/usr/bin/clickedge ", clickedge+" ")
		paths = append(paths, filepath.Join(dir, name))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(change(name, text)), 0o600))
	}
	return paths
}

func asIs(_, text string) string { return text }

// systemd reads the units without a word; a misspelled line would be one.
func TestUnitsVerify(t *testing.T) {
	analyze := need(t, "systemd-analyze")
	verify := func(paths []string) string {
		args := append([]string{"verify", "--man=no"}, paths...) // the page comes with the package
		return do(t, analyze, args...)
	}
	require.Empty(t, verify(laid(t, asIs)))
	wrong := laid(t, func(_, text string) string { return strings.Replace(text, "Restart=always", "Restrat=always", 1) })
	require.Contains(t, verify(wrong), "Restrat")
}

// exposure is the most that systemd may reckon the service is exposed, in
// tenths: 10 is what it calls perfect, 100 unsafe. What remains is what a server
// needs: the network of the machine.
const exposure = "13"

// systemd reckons the services well shut in, and not without what shuts it in.
func TestUnitsSecurity(t *testing.T) {
	analyze := need(t, "systemd-analyze")
	security := func(paths []string) (wrong []error) {
		services := 0
		for _, path := range paths {
			if strings.HasSuffix(path, ".service") {
				services++
				if err := tried(t, analyze, "security", "--no-pager", "--offline=true", "--threshold="+exposure, path); err != nil {
					wrong = append(wrong, err)
				}
			}
		}
		require.Equal(t, 2, services)
		return wrong
	}
	require.Empty(t, security(laid(t, asIs)))
	open := laid(t, func(_, text string) string {
		return strings.NewReplacer("PrivateUsers=yes\n", "", "ProtectHome=yes\n", "").Replace(text)
	})
	require.Len(t, security(open), 2)
}
