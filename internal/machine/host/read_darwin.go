package host

import (
	"net"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

func read() fact.Set {
	set := fact.Set{Machine: machine()}
	set.Machine.Asker = asker()
	addrs, err := addresses()
	if err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "addresses of this machine", Err: err.Error()})
	}
	set.Machine.Addrs = addrs
	return set
}

func machine() fact.Machine {
	m := fact.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
		m.Host = unix.ByteSliceToString(u.Nodename[:])
	}
	if boot, err := unix.SysctlTimeval("kern.boottime"); err == nil {
		m.Boot = time.Unix(boot.Unix()).Truncate(time.Second)
	}
	const product = "kern.osproductversion" // what people call the version of macOS
	if version, err := unix.Sysctl(product); err == nil && version != "" {
		m.Settings = append(m.Settings, fact.Setting{Name: product, Value: version, Evidence: "sysctl"})
	}
	return m
}

func asker() *fact.Asker {
	a := &fact.Asker{PID: os.Getpid(), Parent: os.Getppid(), UID: uint32(os.Geteuid())}
	if a.UID != 0 {
		a.Elevate = "sudo"
	}
	a.Session, _ = unix.Getsid(0)
	a.Cwd, _ = os.Getwd()
	if u, err := user.LookupId(strconv.FormatUint(uint64(a.UID), 10)); err == nil {
		a.User = u.Username
	}
	return a
}

// addresses lists the addresses of this machine, as the routing tables have them.
func addresses() ([]fact.Addr, error) {
	devices, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []fact.Addr
	for _, d := range devices {
		addrs, err := d.Addrs()
		if err != nil {
			return list, err
		}
		for _, a := range addrs {
			if own, ok := netAddr(a, d.Name); ok {
				list = append(list, own)
			}
		}
	}
	return list, nil
}
