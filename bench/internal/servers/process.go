package servers

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a program and those that it has started have used.
type Usage struct {
	CPU    time.Duration
	Memory int64 // resident, in bytes
}

// tick is the unit of CPU time in /proc (USER_HZ, 100 on every Linux).
const tick = time.Second / 100

// UsageOf reads /proc for a process and its children; ok is false where there is
// none.
func UsageOf(pid int) (u Usage, ok bool) {
	for _, p := range append(childrenOf(pid), pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			continue
		}
		// the name in parentheses may hold anything
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 22 {
			continue
		}
		number := func(i int) int64 { n, _ := strconv.ParseInt(fields[i], 10, 64); return n }
		u.CPU += time.Duration(number(11)+number(12)) * tick
		u.Memory += number(21) * int64(os.Getpagesize())
		ok = true
	}
	return u, ok
}

// childrenOf lists the processes that this one has started.
func childrenOf(pid int) (list []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			list = append(list, child)
		}
	}
	return list
}
