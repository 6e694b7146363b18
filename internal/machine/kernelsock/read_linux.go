package kernelsock

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
)

// read looks where it is cheap first, and stops when every socket has its part.
func read(sockets []fact.Socket) fact.Set {
	r := reader{root: "/"}
	udp := slices.ContainsFunc(sockets, func(s fact.Socket) bool { return s.Proto == fact.UDP })
	if udp {
		r.try("network devices", r.links)
	}
	if !r.explains(sockets) {
		r.servers()
	}
	if udp && !r.explains(sockets) {
		r.try("generic netlink families", r.tunnels)
	}
	set := join(sockets, r.parts)
	set.AddGaps(r.gaps...)
	return set
}

// reader gathers the parts; root ends in a slash.
type reader struct {
	root      string
	parts     []part
	gaps      []fact.Gap
	wireguard []string
}

func (r *reader) explains(sockets []fact.Socket) bool {
	return !slices.ContainsFunc(sockets, func(s fact.Socket) bool {
		p, _ := holder(s, r.parts)
		return p == nil
	})
}

func (r *reader) try(what string, read func() error) {
	if err := read(); err != nil {
		r.gap(fact.GapOther, what, err, "")
	}
}

func (r *reader) gap(kind fact.GapKind, subject string, err error, hint string) {
	r.gaps = append(r.gaps, fact.Gap{Kind: kind, Subject: subject, Err: err.Error(), Hint: hint})
}

// skipStats is RTEXT_FILTER_SKIP_STATS.
const skipStats = 1 << 3

func (r *reader) links() error {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Without counters an answer is half as long.
	request := netlink.AppendAttr(make([]byte, linkHeader), unix.IFLA_EXT_MASK, binary.NativeEndian.AppendUint32(nil, skipStats))
	err = conn.Do(netlink.Message{Type: unix.RTM_GETLINK, Flags: netlink.FlagDump, Data: request}, func(m netlink.Message) error {
		p, ok := decodeLink(m.Data)
		switch {
		case ok && p.kind == "wireguard":
			r.wireguard = append(r.wireguard, p.name)
		case ok:
			r.parts = append(r.parts, p)
		}
		if ok && p.kind == "gtp" {
			p.port = 3386 // the older version's
			r.parts = append(r.parts, p)
		}
		return nil
	})
	if errors.Is(err, netlink.ErrInterrupted) {
		return nil
	}
	return err
}

// tunnels asks the families that are there. Naming one that is not would make the
// kernel load it, so all are listed.
func (r *reader) tunnels() error {
	conn, err := netlink.Dial(unix.NETLINK_GENERIC)
	if err != nil {
		return err
	}
	defer conn.Close()
	ids := map[string]uint16{}
	list := netlink.Message{Type: unix.GENL_ID_CTRL, Flags: netlink.FlagDump, Data: []byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0}}
	err = conn.Do(list, func(m netlink.Message) error {
		name, id := decodeFamily(m.Data)
		ids[name] = id
		return nil
	})
	if err != nil && !errors.Is(err, netlink.ErrInterrupted) {
		return err
	}
	for _, f := range families {
		if id := ids[f.name]; id != 0 && (f.name != "wireguard" || len(r.wireguard) > 0) {
			r.objects(conn, f, id)
		}
	}
	return nil
}

func (r *reader) objects(conn *netlink.Conn, f family, id uint16) {
	names := []string{""}
	if f.name == "wireguard" {
		names = r.wireguard // answers for one device at a time
	}
	for _, name := range names {
		data := []byte{f.get, 1, 0, 0}
		if name != "" {
			data = netlink.AppendAttr(data, f.nameAttr, append([]byte(name), 0))
		}
		err := conn.Do(netlink.Message{Type: id, Flags: netlink.FlagDump, Data: data}, func(m netlink.Message) error {
			if p, ok := f.decodeObject(m.Data); ok {
				r.parts = append(r.parts, p)
			}
			return nil
		})
		if err != nil && !errors.Is(err, netlink.ErrInterrupted) {
			r.gap(fact.GapPermission, strings.TrimSpace("port of "+f.name+" "+name), err, "")
			return
		}
	}
}

// servers reads what listens for files and disks.
func (r *reader) servers() {
	r.nfsd()
	r.fixed("proc/sys/fs/nfs/nlm_tcpport", "lockd", fact.TCP)
	r.fixed("proc/sys/fs/nfs/nlm_udpport", "lockd", fact.UDP)
	r.fixed("sys/module/nfs/parameters/callback_tcpport", "nfs-callback", fact.TCP)
	r.iscsi()
	r.nvme()
	for _, m := range modules {
		r.module(m.name, m.part)
	}
}

// modules always use the same port; that one is loaded is all that shows.
var modules = [...]struct {
	name string
	part part
}{
	{"ksmbd", part{kind: "ksmbd", proto: fact.TCP, port: 445}},
	{"dlm", part{kind: "dlm", proto: fact.TCP, port: 21064}},
	{"ocfs2_nodemanager", part{kind: "ocfs2", proto: fact.TCP, port: 7777}},
	{"rds_tcp", part{kind: "rds", proto: fact.TCP, port: 16385}},
	{"rdma_rxe", part{kind: "rxe", proto: fact.UDP, port: 4791}},
	{"kafs", part{kind: "afs", proto: fact.UDP, port: 7001}},
}

func (r *reader) module(name string, p part) {
	path := r.root + "sys/module/" + name
	if unix.Access(path, unix.F_OK) == nil {
		p.evidence = path
		r.parts = append(r.parts, p)
	}
}

func (r *reader) nfsd() {
	path := r.root + "proc/fs/nfsd/portlist"
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		r.parts = append(r.parts, decodePortlist(b, path)...)
	case errors.Is(err, os.ErrNotExist):
		r.module("nfsd", part{kind: "nfsd", proto: fact.TCP, port: 2049})
		r.module("nfsd", part{kind: "nfsd", proto: fact.UDP, port: 2049})
	default:
		r.gap(fact.GapPermission, path, err, "rpcinfo -p")
	}
}

// fixed reads a setting that names a port; 0 means that the kernel picks one.
func (r *reader) fixed(name, kind string, proto fact.Proto) {
	path := r.root + name
	b, err := os.ReadFile(path)
	if err != nil {
		return // not loaded
	}
	if port, ok := portNumber(b); ok {
		r.parts = append(r.parts, part{kind: kind, proto: proto, port: port, evidence: path})
	}
}

const maxPortals = 1024

// iscsi reads the portals of the kernel's iSCSI targets.
func (r *reader) iscsi() {
	paths, err := filepath.Glob(r.root + "sys/kernel/config/target/iscsi/*/tpgt_*/np/*")
	if err != nil {
		return
	}
	for _, path := range paths[:min(len(paths), maxPortals)] {
		if port, ok := portalPort(filepath.Base(path)); ok {
			r.parts = append(r.parts, part{kind: "iscsi", proto: fact.TCP, port: port, evidence: path})
		}
	}
}

// nvme reads the TCP ports of the kernel's NVMe target.
func (r *reader) nvme() {
	paths, err := filepath.Glob(r.root + "sys/kernel/config/nvmet/ports/*")
	if err != nil {
		return
	}
	for _, path := range paths[:min(len(paths), maxPortals)] {
		kind, err1 := os.ReadFile(path + "/addr_trtype")
		service, err2 := os.ReadFile(path + "/addr_trsvcid")
		port, ok := portNumber(service)
		if err1 == nil && err2 == nil && ok && strings.TrimSpace(string(kind)) == "tcp" {
			r.parts = append(r.parts, part{kind: "nvmet", proto: fact.TCP, port: port, evidence: path})
		}
	}
}
