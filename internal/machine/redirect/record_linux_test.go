package redirect

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect/nft"
	"github.com/berthd/berth/internal/machine/redirect/xt"
	"github.com/berthd/berth/internal/sys/netlink"
)

// With -record the rules of TestNetnsRules are written to the testdata of nft and
// xt as this kernel tells them, beside what Read makes of them.
var record = flag.Bool("record", false, "write recordings of the kernel's answers")

// recording is one set of rules, as the kernel tells it and as Read understands it.
type recording struct {
	Kernel    []byte          `json:"kernel"`
	Redirects []fact.Redirect `json:"redirects"`
}

// recordings by room and name.
type recordings map[string]map[string]recording

// add records what the calling thread's namespace holds.
func (r recordings) add(t *testing.T, kind string, c rules) {
	t.Helper()
	set, err := Read(context.Background(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	room, now := "nft", recording{nftMessages(t), set.Redirects}
	if strings.Contains(c.program, "legacy") {
		room, now.Kernel = "xt", legacyBlocks(t)
	}
	if r[room] == nil {
		r[room] = map[string]recording{}
	}
	r[room][kind+": "+c.name] = now
}

func (r recordings) write(t *testing.T) {
	for room, list := range r {
		b, err := json.MarshalIndent(list, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(room+"/testdata/recorded.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// nftMessages is every chain, rule, set and element, as one sequence of messages.
func nftMessages(t *testing.T) (out []byte) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	dump := func(what uint16, family byte, attrs []byte, each func(netlink.Message)) {
		m := netlink.Message{Type: nftSubsystem | what, Flags: netlink.FlagDump, Data: append([]byte{family, 0, 0, 0}, attrs...)}
		if err := conn.Do(m, func(m netlink.Message) error {
			out = netlink.AppendMessage(out, 0, netlink.Message{Type: m.Type, Data: m.Data})
			each(m)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var sets []nft.SetKey
	dump(unix.NFT_MSG_GETCHAIN, unix.AF_UNSPEC, nil, func(netlink.Message) {})
	dump(unix.NFT_MSG_GETRULE, unix.AF_UNSPEC, nil, func(netlink.Message) {})
	dump(unix.NFT_MSG_GETSET, unix.AF_UNSPEC, nil, func(m netlink.Message) {
		var name [3]string
		for typ, data := range netlink.Attrs(m.Data[4:]) {
			if typ < 3 {
				name[typ] = unix.ByteSliceToString(data)
			}
		}
		sets = append(sets, nft.SetKey{Family: m.Data[0], Table: name[1], Name: name[2]})
	})
	for _, s := range sets {
		dump(unix.NFT_MSG_GETSETELEM, s.Family, nameAttrs(s.Table, s.Name), func(netlink.Message) {})
	}
	return out
}

// legacyBlocks is the tables in use: family and name in 16 bytes, then what the
// kernel says of the table, then its entries.
func legacyBlocks(t *testing.T) (out []byte) {
	for _, f := range []struct {
		layout        xt.Layout
		name          string
		names         string
		domain, level int
	}{
		{xt.IPv4(), "4", "/proc/thread-self/net/ip_tables_names", unix.AF_INET, unix.SOL_IP},
		{xt.IPv6(), "6", "/proc/thread-self/net/ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6},
	} {
		b, err := slurp(f.names)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range strings.Fields(string(b)) {
			if table != "nat" && table != "mangle" {
				continue
			}
			fd, err := unix.Socket(f.domain, unix.SOCK_DGRAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			info := make([]byte, xt.InfoSize)
			copy(info, table)
			if err := getsockopt(fd, f.level, optInfo, info); err != nil {
				t.Fatal(err)
			}
			l, err := legacyTableOnce(fd, f.layout, table, f.level)
			unix.Close(fd)
			if err != nil {
				t.Fatal(err)
			}
			head := make([]byte, 16)
			copy(head, f.name+table)
			out = append(append(append(out, head...), info...), l.Entries...)
		}
	}
	return out
}
