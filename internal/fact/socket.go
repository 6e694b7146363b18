package fact

import (
	"net/netip"
	"strconv"
	"time"
)

// Proto is a transport protocol by its IANA name in lower case.
type Proto string

// The protocols berth knows. Raw sockets have an IP protocol number in place of
// a port.
const (
	TCP     Proto = "tcp"
	UDP     Proto = "udp"
	UDPLite Proto = "udplite"
	SCTP    Proto = "sctp"
	Raw     Proto = "raw"
)

// State is a socket's state, one word for each OS's own.
type State string

// States of a socket. UDP sockets that are bound and have no peer are Unconnected.
// Bound is a stream socket with a local address that neither listens nor
// connects: it blocks a bind, and /proc/net/tcp does not show it.
const (
	Listen      State = "listen"
	Bound       State = "bound"
	Unconnected State = "unconnected"
	Established State = "established"
	SynSent     State = "syn-sent"
	SynRecv     State = "syn-recv"
	FinWait1    State = "fin-wait-1"
	FinWait2    State = "fin-wait-2"
	TimeWait    State = "time-wait"
	Closed      State = "close"
	CloseWait   State = "close-wait"
	LastAck     State = "last-ack"
	Closing     State = "closing"
)

// Serves tells whether a socket in this state takes new traffic on its port:
// a listener, or a datagram socket without a peer.
func (s State) Serves() bool { return s == Listen || s == Unconnected }

// Socket is one row of the machine's socket table.
type Socket struct {
	ID     ID             `json:"id"`
	Proto  Proto          `json:"proto"`
	Local  netip.AddrPort `json:"local"`           // the address as the system prints it; IPv4 inside IPv6 stays mapped
	Remote netip.AddrPort `json:"remote,omitzero"` // set where the socket has a peer
	State  State          `json:"state"`
	// Device is the interface the socket is bound to (SO_BINDTODEVICE), by name
	// or, where the name is unknown, by number. Sockets on different devices do
	// not conflict.
	Device string `json:"device,omitempty"`
	// Netns is the ID of the namespace row it lives in; empty means the asker's.
	Netns    ID             `json:"netns,omitempty"`
	PID      int            `json:"pid,omitempty"` // where the system itself names an owner (Windows, macOS, pastes); Linux leaves 0
	Evidence string         `json:"evidence"`
	Linux    *LinuxSocket   `json:"linux,omitempty"`
	Windows  *WindowsSocket `json:"windows,omitempty"`
	Darwin   *DarwinSocket  `json:"darwin,omitempty"`
}

// LinuxSocket is what only Linux tells of a socket.
type LinuxSocket struct {
	Inode    uint64  `json:"inode,omitempty"` // in sockfs; 0 for TIME_WAIT and other ownerless rows
	UID      *uint32 `json:"uid,omitempty"`   // of the creator, in the reader's user namespace
	CgroupID uint64  `json:"cgroupID,omitempty"`
	Cgroup   string  `json:"cgroup,omitempty"` // path below the cgroup2 mount, at socket creation; "" = not resolved, "/" = root
	Cookie   uint64  `json:"cookie,omitempty"`
	V6Only   *bool   `json:"v6only,omitempty"` // only on IPv6 sockets
	// Reuse flags come from the holder's descriptor, not from sock_diag; nil
	// means they were not looked at or not visible.
	ReuseAddr   *bool   `json:"reuseAddr,omitempty"`
	ReusePort   *bool   `json:"reusePort,omitempty"`
	Backlog     *uint32 `json:"backlog,omitempty"`     // connections waiting in the accept queue; listeners only
	BacklogMax  *uint32 `json:"backlogMax,omitempty"`  // listen(2)'s limit; listeners only
	Transparent bool    `json:"transparent,omitempty"` // IP_TRANSPARENT: may take traffic for any address
	Mark        uint32  `json:"mark,omitempty"`
	// ExpiresMS is the milliseconds left of a TIME_WAIT or FIN_WAIT2 timer; 0 = unknown.
	ExpiresMS uint32 `json:"expiresMs,omitempty"`
}

// WindowsSocket is what only Windows tells of a socket.
type WindowsSocket struct {
	Module  string    `json:"module,omitempty"` // service or driver from the owner module table; failing that, the program's file
	Tag     uint32    `json:"tag,omitempty"`    // service tag of the thread that bound it: which service inside a shared process
	Created time.Time `json:"created,omitzero"` // when it was bound; later than its process's start by nature
}

// DarwinSocket is what only macOS tells of a socket. Socket.PID is the process that
// last made a call on it: of a listener that several have, the one that accepts.
type DarwinSocket struct {
	// Generation is the kernel's number of it, given once while the machine runs,
	// to TCP's and to UDP's sockets each; 0 where the text does not tell.
	Generation uint64  `json:"generation,omitempty"`
	UID        *uint32 `json:"uid,omitempty"` // of whoever made it
	// OnBehalf is the process for which Socket.PID made it, where that is another.
	OnBehalf  int   `json:"onBehalf,omitempty"`
	V6Only    *bool `json:"v6only,omitempty"` // only on IPv6 sockets
	ReuseAddr *bool `json:"reuseAddr,omitempty"`
	ReusePort *bool `json:"reusePort,omitempty"`
	// SharesUsers says that SO_REUSESHAREUID lets other users' sockets beside it;
	// nil where this macOS does not tell.
	SharesUsers *bool `json:"sharesUsers,omitempty"`
	Kernel      bool  `json:"kernel,omitempty"` // the kernel made it for itself
	// NoDescriptor says that nobody has a descriptor of it: a connection that was not
	// accepted yet, or that was closed and is not over.
	NoDescriptor bool   `json:"noDescriptor,omitempty"`
	Backlog      uint32 `json:"backlog,omitempty"`
	BacklogMax   uint32 `json:"backlogMax,omitempty"` // listeners only
}

func (s Socket) rowID() ID { return s.ID }

// SocketID names a socket: protocol, both ends, and a number that tells two sockets
// on one address apart: the inode (or 0) on Linux, the generation on macOS, on
// Windows the time of the bind or the owner's PID.
func SocketID(proto Proto, local, remote netip.AddrPort, number uint64) ID {
	var room [128]byte
	b := append(append(append(room[:0], "sock:"...), proto...), ':')
	b = appendEnd(b, local)
	if remote.IsValid() && remote.Port() != 0 {
		b = appendEnd(append(b, '>'), remote)
	}
	return ID(strconv.AppendUint(append(b, '#'), number, 10))
}

func appendEnd(b []byte, end netip.AddrPort) []byte {
	if !end.IsValid() {
		return append(b, end.String()...)
	}
	return end.AppendTo(b)
}

// Inode is the Linux inode of s, or 0 where it has none.
func (s Socket) Inode() uint64 {
	if s.Linux == nil {
		return 0
	}
	return s.Linux.Inode
}

// V6Only tells whether an IPv6 socket leaves IPv4 alone; ok is false where that is unknown.
func (s Socket) V6Only() (only, ok bool) {
	switch {
	case s.Linux != nil && s.Linux.V6Only != nil:
		return *s.Linux.V6Only, true
	case s.Darwin != nil && s.Darwin.V6Only != nil:
		return *s.Darwin.V6Only, true
	}
	return false, false
}

// Wildcard tells whether s is bound to every address of its family.
func (s Socket) Wildcard() bool { return s.Local.Addr().IsUnspecified() }
