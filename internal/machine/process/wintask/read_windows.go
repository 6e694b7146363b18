package wintask

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/sys/winapi/fixed"
	"github.com/berthd/berth/internal/sys/winapi/kernel32"
	"github.com/berthd/berth/internal/sys/winapi/ntdll"
)

// The layout of SYSTEM_PROCESS_INFORMATION that ParseTable knows.
var (
	_ [taskCreated]byte = [unsafe.Offsetof(windows.SYSTEM_PROCESS_INFORMATION{}.CreateTime)]byte{}
	_ [taskName]byte    = [unsafe.Offsetof(windows.SYSTEM_PROCESS_INFORMATION{}.ImageName)]byte{}
	_ [taskPID]byte     = [unsafe.Offsetof(windows.SYSTEM_PROCESS_INFORMATION{}.UniqueProcessID)]byte{}
	_ [taskParent]byte  = [unsafe.Offsetof(windows.SYSTEM_PROCESS_INFORMATION{}.InheritedFromUniqueProcessID)]byte{}
	_ [taskSession]byte = [unsafe.Offsetof(windows.SYSTEM_PROCESS_INFORMATION{}.SessionID)]byte{}
	_ [taskSize]byte    = [unsafe.Sizeof(windows.SYSTEM_PROCESS_INFORMATION{})]byte{}
)

// maxTable bounds the process table.
const maxTable = 64 << 20

// Reader opens processes. Use it on the goroutine that made it, and close it.
type Reader struct {
	// Elevated tells whether the asker has an administrator's rights, Debug whether
	// it may open every process that is not protected.
	Elevated, Debug bool
	users           map[string]string // by SID
	drives          []drive
}

// Open makes a reader. It ties the goroutine to its thread; where the asker is
// elevated this thread alone gets the right to open other users' processes, which
// an administrator has and must switch on.
func Open() *Reader {
	runtime.LockOSThread()
	r := &Reader{Elevated: windows.GetCurrentProcessToken().IsElevated(), users: map[string]string{}}
	if r.Elevated && windows.ImpersonateSelf(windows.SecurityImpersonation) == nil {
		r.Debug = debugPrivilege()
	}
	return r
}

// Close gives the thread back as it was.
func (r *Reader) Close() {
	if r.Elevated && windows.RevertToSelf() != nil {
		return // the thread ends with its goroutine, and is not used again
	}
	runtime.UnlockOSThread()
}

// debugPrivilege switches SeDebugPrivilege on in the thread's own token and tells
// whether it was there.
func debugPrivilege() bool {
	const seDebug = 20
	var token windows.Token
	if err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, false, &token); err != nil {
		return false
	}
	defer token.Close()
	want := windows.Tokenprivileges{PrivilegeCount: 1,
		Privileges: [1]windows.LUIDAndAttributes{{Luid: windows.LUID{LowPart: seDebug}, Attributes: windows.SE_PRIVILEGE_ENABLED}}}
	if err := windows.AdjustTokenPrivileges(token, false, &want, 0, nil, nil); err != nil {
		return false
	}
	var n uint32
	_ = windows.GetTokenInformation(token, windows.TokenPrivileges, nil, 0, &n)
	if n < uint32(unsafe.Sizeof(windows.Tokenprivileges{})) {
		return false
	}
	b := make([]byte, n)
	if err := windows.GetTokenInformation(token, windows.TokenPrivileges, &b[0], n, &n); err != nil {
		return false
	}
	for _, p := range (*windows.Tokenprivileges)(unsafe.Pointer(&b[0])).AllPrivileges() {
		if p.Luid.LowPart == seDebug && p.Luid.HighPart == 0 {
			return p.Attributes&windows.SE_PRIVILEGE_ENABLED != 0
		}
	}
	return false
}

// Table reads the process table. It needs no privilege and does not block.
func (r *Reader) Table() (tasks []Task, whole bool, err error) {
	for size := uint32(512 << 10); size <= maxTable; {
		b := fixed.Bytes(int(size))
		var need uint32
		err = windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&b[0]), size, &need)
		if tooSmall(err) {
			size = max(2*size, need+need/4)
			continue
		}
		if err != nil {
			return nil, false, err
		}
		tasks, whole = ParseTable(b, uint64(uintptr(unsafe.Pointer(&b[0]))))
		return tasks, whole, nil
	}
	return nil, false, fmt.Errorf("the process table is larger than %d MiB", maxTable>>20)
}

// Look opens one process and reads what it tells. With deep it reads its current
// folder too, which takes the right to read its memory. It never blocks for long;
// the name of a domain's user may have to be asked of the domain.
func (r *Reader) Look(pid int, deep bool) Detail {
	var d Detail
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		d.fault(Whole, err)
		d.Exe = r.imageByPID(pid)
		return d
	}
	defer windows.CloseHandle(h)
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &kernel, &user) == nil {
		d.Created, d.Ended = filetime(created), filetime(exited) != 0
	}
	if d.Exe, err = image(h); err != nil {
		if d.Exe = r.imageByPID(pid); d.Exe == "" {
			d.fault(Exe, err)
		}
	}
	var p [1]byte
	if windows.NtQueryInformationProcess(h, windows.ProcessProtectionInformation, unsafe.Pointer(&p[0]), 1, nil) == nil {
		d.Protected = protection(p[0])
	}
	if d.Package, err = kernel32.PackageFullName(h); err != nil && !missing(err) {
		d.fault(StoreApp, err)
	}
	if err := r.token(h, &d); err != nil {
		d.fault(User, err)
	}
	r.words(h, pid, deep, &d)
	return d
}

// words reads the command line, by a call of its own where the system has it, and
// the folder, which only the process's memory has.
func (r *Reader) words(h windows.Handle, pid int, deep bool, d *Detail) {
	line, err := commandLine(h)
	if err == nil {
		d.Command, d.Source = line, "NtQueryInformationProcess ProcessCommandLineInformation"
		if !deep {
			return
		}
	}
	p, err2 := params(pid)
	if err2 == nil {
		d.Folder = p.Folder
		if err != nil {
			d.Command, d.Source = p.Command, "ReadProcessMemory of its parameters"
		}
		return
	}
	if err != nil {
		d.fault(Command, err2)
	}
	if deep {
		d.fault(Folder, err2)
	}
}

func (d *Detail) fault(what string, err error) {
	f := Fault{What: what, Err: err.Error()}
	var status windows.NTStatus
	var errno syscall.Errno
	if errors.As(err, &status) {
		errno = status.Errno()
	} else if !errors.As(err, &errno) {
		errno = 0
	}
	f.Code = uint32(errno)
	d.Faults = append(d.Faults, f)
}

// missing tells whether err is of a call that this system lacks.
func missing(err error) bool {
	var errno syscall.Errno
	return !errors.As(err, &errno)
}

func filetime(t windows.Filetime) uint64 { return uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime) }

// image is the full path of a process's program.
func image(h windows.Handle) (string, error) {
	for size := uint32(windows.MAX_PATH); ; size *= 4 {
		b, n := make([]uint16, size), size
		err := windows.QueryFullProcessImageName(h, 0, &b[0], &n)
		if err == nil {
			return windows.UTF16ToString(b[:n]), nil
		}
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || size > 1<<15 {
			return "", err
		}
	}
}

// imageByPID asks the kernel for the path without opening the process, which it
// answers for every process and every asker.
func (r *Reader) imageByPID(pid int) string {
	b := make([]uint16, 1<<15)
	q := struct {
		pid  uintptr
		name windows.NTUnicodeString
	}{uintptr(pid), windows.NTUnicodeString{MaximumLength: 0xFFFE, Buffer: &b[0]}}
	if err := windows.NtQuerySystemInformation(windows.SystemProcessIdInformation, unsafe.Pointer(&q), uint32(unsafe.Sizeof(q)), nil); err != nil {
		return ""
	}
	if r.drives == nil {
		r.drives = drives()
	}
	return dosPath(windows.UTF16ToString(b[:q.name.Length/2]), r.drives)
}

// drives are the drive letters in use.
func drives() []drive {
	all := make([]drive, 0, 4)
	mask, err := windows.GetLogicalDrives()
	if err != nil {
		return all
	}
	for i := range 26 {
		if mask>>i&1 == 0 {
			continue
		}
		d := drive{letter: string(rune('A'+i)) + ":"}
		name, err := windows.UTF16PtrFromString(d.letter)
		if err != nil {
			continue
		}
		var b [windows.MAX_PATH]uint16
		if _, err := windows.QueryDosDevice(name, &b[0], uint32(len(b))); err == nil {
			d.device = windows.UTF16ToString(b[:])
			all = append(all, d)
		}
	}
	return all
}

// commandLine asks for the command line without reading the process's memory
// (Windows 8.1 and later).
func commandLine(h windows.Handle) (string, error) {
	b := fixed.Bytes(1 << 10)
	for {
		var n uint32
		err := windows.NtQueryInformationProcess(h, windows.ProcessCommandLineInformation, unsafe.Pointer(&b[0]), uint32(len(b)), &n)
		if tooSmall(err) && int(n) > len(b) && n <= 1<<18 {
			b = fixed.Bytes(int(n))
			continue
		}
		if err != nil {
			return "", err
		}
		line, ok := unicodeString(b, b, uint64(uintptr(unsafe.Pointer(&b[0]))))
		if !ok {
			return "", ErrParams
		}
		return line, nil
	}
}

// tooSmall tells the answers that ask for a larger buffer: which one comes depends
// on the Windows.
func tooSmall(err error) bool {
	return errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) || errors.Is(err, windows.STATUS_BUFFER_TOO_SMALL) || errors.Is(err, windows.STATUS_BUFFER_OVERFLOW)
}

// params reads a process's own memory. A 32-bit program has its block below its
// 64-bit one, and keeps its current folder there.
func params(pid int) (Params, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_INFORMATION|windows.PROCESS_VM_READ, false, uint32(pid))
	if err != nil {
		return Params{}, err
	}
	defer windows.CloseHandle(h)
	read := func(addr uint64, b []byte) error {
		var n uintptr
		err := windows.ReadProcessMemory(h, uintptr(addr), &b[0], uintptr(len(b)), &n)
		if err == nil && int(n) < len(b) {
			return ErrParams
		}
		return err
	}
	var peb32 uintptr
	if err := windows.NtQueryInformationProcess(h, windows.ProcessWow64Information, unsafe.Pointer(&peb32), uint32(unsafe.Sizeof(peb32)), nil); err == nil && peb32 != 0 {
		return layout32.readParams(read, uint64(peb32))
	}
	basic, err := ntdll.Basic(h)
	if err != nil {
		return Params{}, err
	}
	if basic.PEB == 0 {
		return Params{}, ErrParams
	}
	return layout64.readParams(read, basic.PEB)
}

// token reads who a process runs as.
func (r *Reader) token(h windows.Handle, d *Detail) error {
	var t windows.Token
	if err := windows.OpenProcessToken(h, windows.TOKEN_QUERY, &t); err != nil {
		return err
	}
	defer t.Close()
	var elevated, n uint32
	if windows.GetTokenInformation(t, windows.TokenElevation, (*byte)(unsafe.Pointer(&elevated)), 4, &n) == nil {
		is := elevated != 0
		d.Elevated = &is
	}
	u, err := t.GetTokenUser()
	if err != nil {
		return err
	}
	d.SID = u.User.Sid.String()
	name, known := r.users[d.SID]
	if !known {
		if account, domain, _, err := u.User.Sid.LookupAccount(""); err == nil {
			name = account
			if domain != "" {
				name = domain + `\` + account
			}
		}
		r.users[d.SID] = name
	}
	d.User = name
	return nil
}
