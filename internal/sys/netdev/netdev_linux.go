package netdev

import "golang.org/x/sys/unix"

// Name returns the name of the interface with this index, or "" where there is
// none. It needs no privilege and does not block. (/sys/class/net would answer
// for the namespace in which it was mounted.)
func Name(index uint32) string {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	return NameBy(fd, index)
}

// NameBy is [Name] asked through a socket that the caller already has, of any family.
func NameBy(fd int, index uint32) string {
	req, err := unix.NewIfreq("")
	if err != nil {
		return ""
	}
	req.SetUint32(index)
	if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, req) != nil {
		return ""
	}
	return req.Name()
}
