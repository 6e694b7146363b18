package journal

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// look asks the kernel.
func look(pid int) (p process, ok bool) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return p, false
	}
	session, err := unix.Getsid(pid)
	t := k.Proc.P_starttime
	return process{pid, int(k.Eproc.Ppid), session, unix.ByteSliceToString(k.Proc.P_comm[:]), fmt.Sprintf("%d.%06d", t.Sec, t.Usec)}, err == nil
}
