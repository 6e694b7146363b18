package journal

import (
	"os"
	"strings"
)

// Boot identifies the machine's present run: the kernel's boot ID and the start of
// PID 1, since a container is started anew under the same kernel. It is "" where
// neither can be read.
func Boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id)) + started()
}

// started is field 22 of PID 1's stat, in clock ticks since the kernel's start.
func started() string {
	stat, err := os.ReadFile("/proc/1/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return "/" + fields[19]
}
