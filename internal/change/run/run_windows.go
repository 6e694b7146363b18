package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/windows"
)

func folders() []string {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil
	}
	return []string{system, filepath.Dir(system), filepath.Join(system, "inetsrv")}
}

func suffix(name string) string {
	if filepath.Ext(name) == "" {
		return ".exe"
	}
	return ""
}

func needsInterpreter(ext string) bool { return ext != ".exe" && ext != ".com" }

func executable(fs.FileInfo) bool { return true }

func rootFolder() string {
	if all := folders(); len(all) > 0 {
		return all[0]
	}
	return ""
}

func environment() []string {
	env := []string{"LANG=C", "LC_ALL=C", "PATH=" + strings.Join(folders(), ";")}
	for _, f := range []struct {
		name string
		id   *windows.KNOWNFOLDERID
	}{
		{"SystemRoot", windows.FOLDERID_Windows}, {"windir", windows.FOLDERID_Windows},
		{"ProgramData", windows.FOLDERID_ProgramData}, {"ProgramFiles", windows.FOLDERID_ProgramFiles},
	} {
		if path, err := windows.KnownFolderPath(f.id, 0); err == nil {
			env = append(env, f.name+"="+path)
		}
	}
	return env
}

// Trusted is always nil on Windows: the folders of popular servers there are open to
// every user, and the services that run from them are as well.
func Trusted(string, *User) error { return nil }

// start puts the process into a job before it runs, so that no child escapes.
func start(cmd *exec.Cmd, as *User) (release func(), err error) {
	if as != nil {
		return nil, fmt.Errorf("%w: not on Windows", ErrUser)
	}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_SUSPENDED}
	cmd.Cancel = func() error { return windows.TerminateJobObject(job, 1) }
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, windows.CloseHandle(job))
	}
	if err := enter(cmd, job); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait(), windows.CloseHandle(job))
	}
	return func() { _ = windows.CloseHandle(job) }, nil
}

func enter(cmd *exec.Cmd, job windows.Handle) error {
	var failed error
	if err := cmd.Process.WithHandle(func(h uintptr) { failed = windows.AssignProcessToJobObject(job, windows.Handle(h)) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return resume(uint32(cmd.Process.Pid))
}

// resume lets the threads of a suspended process run; it has just the one.
func resume(pid uint32) error {
	snap, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(snap)
	e := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snap, &e); err == nil; err = windows.Thread32Next(snap, &e) {
		if e.OwnerProcessID == pid {
			return resumeThread(e.ThreadID)
		}
	}
	return err
}

func resumeThread(id uint32) error {
	thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, id)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(thread)
	_, err = windows.ResumeThread(thread)
	return err
}

// decode makes UTF-8 of console output, which is in the OEM code page when it goes
// to a pipe.
func decode(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	const oem = 1 // CP_OEMCP
	n, err := windows.MultiByteToWideChar(oem, 0, &data[0], int32(len(data)), nil, 0)
	if err != nil || n <= 0 {
		return string(data)
	}
	wide := make([]uint16, n)
	if _, err := windows.MultiByteToWideChar(oem, 0, &data[0], int32(len(data)), &wide[0], n); err != nil {
		return string(data)
	}
	return windows.UTF16ToString(wide)
}

// detach leaves the job that the caller is in, where the job lets it.
func detach(argv, env []string, dir string) (*Detached, error) {
	const alone = windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP
	var err error
	for _, flags := range [...]uint32{alone | windows.CREATE_BREAKAWAY_FROM_JOB, alone} {
		cmd := detached(argv, env, dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: flags}
		if err = cmd.Start(); !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return &Detached{cmd, make(chan struct{})}, err
		}
	}
	return nil, err
}
