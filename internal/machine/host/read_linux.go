package host

import (
	"bytes"
	"iter"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/procfs"
)

func read() fact.Set {
	set := fact.Set{Machine: machine()}
	addrs, err := addresses()
	if err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "addresses of this machine", Err: err.Error()})
	}
	set.Machine.Addrs = addrs
	set.Machine.Asker = asker("/")
	set.Machine.Linux = settings("/")
	return set
}

func machine() fact.Machine {
	m := fact.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Boot: bootTime()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
		m.Host = unix.ByteSliceToString(u.Nodename[:])
	}
	return m
}

// bootTime is now less the time since boot, to the second.
func bootTime() time.Time {
	var since unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &since) != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(since.Nano())).Round(time.Second)
}

func asker(root string) *fact.Asker {
	a := &fact.Asker{PID: os.Getpid(), UID: uint32(os.Geteuid()), CapEff: capEff()}
	if a.UID != 0 {
		a.Elevate = "sudo"
	}
	a.User = userName(root, a.UID)
	a.Parent = os.Getppid()
	a.Session, _ = unix.Getsid(0) // 0 where the leader is in another PID namespace
	a.Cwd, _ = os.Getwd()         // "" where it was deleted: the rule of the same folder then stays silent
	var st unix.Stat_t
	if unix.Stat("/proc/thread-self/ns/net", &st) == nil {
		a.Netns = st.Ino
	}
	return a
}

// capEff is the effective capabilities of the calling thread.
func capEff() uint64 {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return 0
	}
	return uint64(data[1].Effective)<<32 | uint64(data[0].Effective)
}

func userName(root string, uid uint32) string {
	fd, err := unix.Open(root+"etc/passwd", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	users := procfs.Passwd{Names: map[uint32]string{uid: ""}}
	for line := range lines(fd) {
		if !users.Line(line) {
			break
		}
	}
	return users.Names[uid]
}

// lines yields the lines of a text file, each up to 64 KB. An os.File would set up
// the poller first, which costs more than the file.
func lines(fd int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		buf := make([]byte, 64<<10)
		held := 0
		for held < len(buf) {
			n, err := unix.Read(fd, buf[held:])
			if err == unix.EINTR {
				continue
			}
			if n <= 0 || err != nil {
				break
			}
			held += n
			text := buf[:held]
			for {
				line, rest, whole := bytes.Cut(text, []byte{'\n'})
				if !whole {
					break
				}
				if !yield(line) {
					return
				}
				text = rest
			}
			held = copy(buf, text)
		}
		if held > 0 {
			yield(buf[:held])
		}
	}
}

func settings(root string) *fact.LinuxNet {
	sys := root + "proc/sys/net/"
	l := &fact.LinuxNet{
		BindV6Only:    flag(sys + "ipv6/bindv6only"),
		NonlocalBind4: flag(sys + "ipv4/ip_nonlocal_bind"),
		NonlocalBind6: flag(sys + "ipv6/ip_nonlocal_bind"),
		DisableIPv6:   flag(sys + "ipv6/conf/all/disable_ipv6"),
		AutobindReuse: flag(sys + "ipv4/ip_autobind_reuse"),
		SELinux:       selinux(root),
	}
	// bindv6only exists where IPv6 runs, and costs nothing more to know.
	l.NoIPv6 = l.BindV6Only == nil && absent(root+"proc/thread-self/net/if_inet6")
	if n, ok := number(sys+"ipv4/ip_unprivileged_port_start", 65536); ok {
		start := uint16(min(n, 65535))
		l.UnprivStart = &start
	}
	if n, ok := number(sys+"ipv4/tcp_fin_timeout", 1<<20); ok {
		l.TCPFinTimeoutMS = uint32(n) * 1000
	}
	return l
}

// selinux tells the mode, "" where the policy is not loaded.
func selinux(root string) string {
	switch n, ok := number(root+"sys/fs/selinux/enforce", 1); {
	case !ok:
		return ""
	case n == 1:
		return "enforcing"
	}
	return "permissive"
}

func absent(path string) bool {
	err := unix.Access(path, unix.F_OK)
	return err == unix.ENOENT
}

func flag(path string) *bool {
	n, ok := number(path, 1<<31-1)
	if !ok {
		return nil
	}
	on := n != 0
	return &on
}

// number reads a file that holds one number up to limit. It opens the file by
// hand, because os.Open asks the poller first, which costs more than the read.
func number(path string, limit uint64) (uint64, bool) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	var buf [32]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil || n <= 0 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(bytes.TrimSpace(buf[:n])), 10, 64)
	return v, err == nil && v <= limit
}
