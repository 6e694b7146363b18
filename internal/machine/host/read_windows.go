package host

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
	"github.com/berthd/berth/internal/sys/winapi/ntdll"
)

func read() fact.Set {
	set := fact.Set{Machine: machine()}
	set.Machine.Asker = asker()
	addrs, err := addresses()
	if err != nil {
		subject := "IPv6 addresses of this machine"
		table, tableErr := iphlpapi.AddrTable()
		if tableErr != nil {
			subject, err = "addresses of this machine", errors.Join(err, tableErr)
		}
		addrs = addrTable(table)
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: subject, Err: err.Error()})
	}
	set.Machine.Addrs = addrs
	return set
}

const workstation = 1 // VER_NT_WORKSTATION; the others are servers

func machine() fact.Machine {
	v := windows.RtlGetVersion()
	server := v.ProductType != workstation
	m := fact.Machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH,
		Kernel:  kernelVersion(v.MajorVersion, v.MinorVersion, v.BuildNumber),
		Boot:    time.Now().Add(-windows.DurationSinceBoot()).Round(time.Second),
		Windows: &fact.WindowsNet{Build: v.BuildNumber, Server: &server, Wine: ntdll.WineVersion()},
	}
	m.Host, _ = os.Hostname() // a machine without a name stays without one
	return m
}

func asker() *fact.Asker {
	token := windows.GetCurrentProcessToken()
	elevated := token.IsElevated()
	a := &fact.Asker{PID: os.Getpid(), Elevated: &elevated}
	if !elevated {
		a.Elevate = "administrator"
	}
	if user, err := token.GetTokenUser(); err == nil {
		a.SID, a.User = user.User.Sid.String(), ownAccount(user.User.Sid)
	}
	if a.User == "" {
		a.User = userName()
	}
	a.Cwd, _ = os.Getwd()
	a.Parent, a.Session = ancestors()
	return a
}

// ownAccount is the name of an account of this machine's own, MACHINE\user, "" for any
// other: a domain would have to be asked for its SIDs.
func ownAccount(sid *windows.SID) string {
	computer, err := windows.ComputerName()
	if err != nil {
		return ""
	}
	machine, _, kind, err := windows.LookupSID("", computer)
	if err != nil || kind != windows.SidTypeDomain || !strings.HasPrefix(sid.String(), machine.String()+"-") {
		return ""
	}
	account, domain, _, err := sid.LookupAccount("")
	if err != nil {
		return ""
	}
	return domain + `\` + account
}

// userName is who this process runs as, DOMAIN\user, without asking the domain. It
// loads a library of its own for that, which under Wine takes as long as half an
// answer.
func userName() string {
	var name [512]uint16
	n := uint32(len(name))
	if windows.GetUserNameEx(windows.NameSamCompatible, &name[0], &n) != nil {
		return ""
	}
	return windows.UTF16ToString(name[:])
}

// ancestors are the parent of this process and its parent; 0 where it has ended, or
// cannot be known.
func ancestors() (parent, above int) {
	self := windows.CurrentProcess()
	parent, handle := older(self)
	if handle == 0 {
		return parent, 0
	}
	defer windows.CloseHandle(handle)
	above, next := older(handle)
	if next != 0 {
		windows.CloseHandle(next)
	}
	return parent, above
}

// older is the parent of a process, with a handle of it where it may be opened. What
// the system tells is the parent's number, which another process may have by now:
// one that is younger than its child.
func older(child windows.Handle) (pid int, handle windows.Handle) {
	info, err := ntdll.Basic(child)
	if err != nil {
		return 0, 0
	}
	pid = int(info.Parent)
	handle, err = windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return pid, 0
	case err != nil:
		return 0, 0
	case born(handle) > born(child):
		windows.CloseHandle(handle)
		return 0, 0
	}
	return pid, handle
}

func born(process windows.Handle) int64 {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(process, &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return created.Nanoseconds()
}
