package measure

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine describes where the figures were measured.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	System   string `json:"system"` // GOOS/GOARCH
	Kernel   string `json:"kernel"`
	Load     string `json:"load"` // the load averages before the run; "" where they are not known
	Go       string `json:"go"`
	Wasmtime string `json:"wasmtime"` // of the host in Rust; "" where it did not run
	Rust     string `json:"rust"`
	Wazero   string `json:"wazero"`
	SDK      string `json:"compute_sdk_go"`
}

// ThisMachine describes this machine.
func ThisMachine() Machine {
	m := Machine{CPU: cpu(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Kernel: kernel(), Load: load(),
		Rust: strings.TrimPrefix(firstLine("", "rustc", "--version"), "rustc ")}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return m
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/tetratelabs/wazero" {
			m.Wazero = strings.TrimPrefix(dep.Version, "v")
		}
	}
	return m
}

// cpu reads the model's name, which Linux and macOS have in different places.
func cpu() string {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return firstLine("unknown", "sysctl", "-n", "machdep.cpu.brand_string")
}

func kernel() string { return firstLine("unknown", "uname", "-sr") }

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(text)); err == nil && len(f) >= 3 {
		return strings.Join(f[:3], " ")
	}
	return ""
}

// firstLine is the first line of a command's output.
func firstLine(otherwise, name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return otherwise
	}
	return strings.TrimSpace(string(out))
}
