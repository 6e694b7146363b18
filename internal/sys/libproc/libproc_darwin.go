package libproc

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bounds of what is asked for.
const (
	tries   = 4
	spare   = 32 // rows, for what is added between two calls
	maxRows = 1 << 20
)

// sysProcInfo is the number of the system call; see the package's comment for why it
// is made directly.
const sysProcInfo = 336

// Numbers of proc_info: what is asked, and of what.
const (
	callListPIDs = 1
	callPIDInfo  = 2
	callFDInfo   = 3

	allPIDs = 1

	flavorFDs    = 1
	flavorInfo   = 3
	flavorFolder = 9
	flavorPath   = 11
	flavorSocket = 3 // of callFDInfo
)

// procInfo makes the system call. n is how much of b the system filled in, or
// where there is no b how much it would.
func procInfo(call, pid, flavor, arg int, b []byte) (n int, err error) {
	r, _, errno := syscall.Syscall6(sysProcInfo, uintptr(call), uintptr(pid), uintptr(flavor), uintptr(arg),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	runtime.KeepAlive(b)
	if errno != 0 {
		return 0, fmt.Errorf("proc_info: %w", errno)
	}
	if n = int(int32(r)); n < 0 || b != nil && n > len(b) {
		return 0, ErrShort
	}
	return n, nil
}

// list asks for as many rows as there are.
func list(call, pid, flavor, size int) ([]byte, error) {
	need, err := procInfo(call, pid, flavor, 0, nil)
	if err != nil {
		return nil, err
	}
	for range tries {
		b := make([]byte, (min(need/size, maxRows)+spare)*size)
		n, err := procInfo(call, pid, flavor, 0, b)
		if err != nil {
			return nil, err
		}
		if n < len(b) {
			return b[:n], nil
		}
		need = 2 * len(b)
	}
	return nil, ErrShort
}

// PIDs lists every process, zombies included (proc_listallpids). It needs no
// privilege.
func PIDs() ([]int, error) {
	b, err := list(callListPIDs, allPIDs, 0, pidSize)
	return ParsePIDs(b), err
}

// Inform asks a process what it is (proc_pidinfo, PROC_PIDTBSDINFO). It is for one's
// own user's processes.
func Inform(pid int) (Info, error) {
	b := make([]byte, infoSize)
	const zombiesToo = 1
	n, err := procInfo(callPIDInfo, pid, flavorInfo, zombiesToo, b)
	if err != nil {
		return Info{}, err
	}
	return ParseInfo(b[:n])
}

// Path is the file that a process runs (proc_pidpath), of anybody's. A program whose
// file is gone is ENOENT.
func Path(pid int) (string, error) {
	b := make([]byte, 4*maxPath) // the answer has no length of its own
	if _, err := procInfo(callPIDInfo, pid, flavorPath, 0, b); err != nil {
		return "", err
	}
	return text(b), nil
}

// Folder is the current folder of a process (PROC_PIDVNODEPATHINFO), one's own
// user's.
func Folder(pid int) (string, error) {
	b := make([]byte, folderSize)
	n, err := procInfo(callPIDInfo, pid, flavorFolder, 0, b)
	if err != nil {
		return "", err
	}
	return ParseFolder(b[:n])
}

// Sockets are the numbers of the descriptors of a process that are sockets
// (PROC_PIDLISTFDS).
func Sockets(pid int) ([]int, error) {
	b, err := list(callPIDInfo, pid, flavorFDs, fdSize)
	return ParseSockets(b), err
}

// SocketOf is what one descriptor of a process is (proc_pidfdinfo,
// PROC_PIDFDSOCKETINFO).
func SocketOf(pid, fd int) (Socket, error) {
	b := make([]byte, socketSize)
	n, err := procInfo(callFDInfo, pid, flavorSocket, fd, b)
	if err != nil {
		return Socket{}, err
	}
	return ParseSocket(b[:n])
}

// Table reads the process table, everybody's processes; whole is false where it was
// cut off. It needs no privilege.
func Table() (all []Process, whole bool, err error) {
	b, err := Sysctl("kern.proc.all")
	if err != nil {
		return nil, false, err
	}
	all, whole = ParseTable(b)
	return all, whole, nil
}

// Arguments reads the arguments of a process, and of its environment what keep
// wants: at most limit bytes. Those of other users' processes, and the kernel's, are
// EINVAL. path is what was executed, as it was named then.
func Arguments(pid, limit int, keep func(name string) bool) (path string, args []string, env map[string]string, whole bool, err error) {
	b, err := Sysctl("kern.procargs2", pid)
	if err != nil {
		return "", nil, nil, false, err
	}
	path, args, env, whole = ParseArguments(b[:min(len(b), limit)], keep)
	return path, args, env, whole, nil
}

// Sysctl reads a value of any size. A table that grows while it is read is asked for
// again.
func Sysctl(name string, args ...int) ([]byte, error) {
	var err error
	for range tries {
		var b []byte
		if b, err = unix.SysctlRaw(name, args...); err == nil {
			return b, nil
		}
		if !errors.Is(err, unix.ENOMEM) {
			break
		}
	}
	return nil, fmt.Errorf("sysctl %s: %w", name, err)
}

// These do not compile where the rows of the table are not as ParseTable has them.
func _() {
	_ = [1]struct{}{}[unsafe.Sizeof(unix.KinfoProc{})-rowSize]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.KinfoProc{}.Proc)+unsafe.Offsetof(unix.ExternProc{}.P_starttime)-rowSeconds]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.ExternProc{}.P_flag)-rowFlags]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.ExternProc{}.P_stat)-rowStatus]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.ExternProc{}.P_pid)-rowPID]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.ExternProc{}.P_comm)-rowName]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.KinfoProc{}.Eproc)+unsafe.Offsetof(unix.Eproc{}.Ucred)+unsafe.Offsetof(unix.Ucred{}.Uid)-rowUID]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.KinfoProc{}.Eproc)+unsafe.Offsetof(unix.Eproc{}.Ppid)-rowParent]
	_ = [1]struct{}{}[unsafe.Offsetof(unix.KinfoProc{}.Eproc)+unsafe.Offsetof(unix.Eproc{}.Tdev)-rowTerminal]
}
