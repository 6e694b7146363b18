package journal

import (
	"os"
	"strconv"
	"strings"
)

// look reads a process's stat.
func look(pid int) (p process, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	open, shut := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	if err != nil || open < 0 || shut < open {
		return p, false
	}
	f := strings.Fields(string(stat[shut+1:]))
	if len(f) < 20 {
		return p, false
	}
	parent, err1 := strconv.Atoi(f[1])
	session, err2 := strconv.Atoi(f[3])
	return process{pid, parent, session, string(stat[open+1 : shut]), f[19]}, err1 == nil && err2 == nil
}
