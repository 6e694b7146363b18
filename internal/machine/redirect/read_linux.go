package redirect

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect/flow"
)

const ipvsFile = "/proc/thread-self/net/ip_vs"

func read(ctx context.Context, q Query) (fact.Set, error) {
	var set fact.Set
	s := flow.NewSearch(q.Ports)
	nft := problem(s, readNft)
	legacy := problem(s, readLegacy)
	set.AddGaps(natGaps(nft, legacy)...)
	set.Redirects = s.Found
	if err := readIPVS(&set, q.Ports); err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapNoNAT, Subject: "IPVS services", Err: err.Error()})
	}
	if s.Cut {
		set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "NAT rules"})
	}
	return set, ctx.Err()
}

// problem runs a reader and returns what it could not read, or what went wrong
// while its rules were followed.
func problem(s *flow.Search, reader func(*flow.Search) error) error {
	s.Err = nil
	if err := reader(s); err != nil {
		return err
	}
	return s.Err
}

// natGaps names what could not be read. One refusal for want of rights covers both.
func natGaps(nft, legacy error) []fact.Gap {
	if errors.Is(nft, fs.ErrPermission) && errors.Is(legacy, fs.ErrPermission) {
		return []fact.Gap{{Kind: fact.GapNoNAT, Subject: "nftables and iptables rules", Err: nft.Error()}}
	}
	var gaps []fact.Gap
	if nft != nil {
		gaps = append(gaps, fact.Gap{Kind: fact.GapNoNAT, Subject: "nftables rules", Err: nft.Error()})
	}
	if legacy != nil {
		gaps = append(gaps, fact.Gap{Kind: fact.GapNoNAT, Subject: "iptables rules", Err: legacy.Error()})
	}
	return gaps
}

func readIPVS(set *fact.Set, ports []uint16) error {
	b, err := slurp(ipvsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, marked := decodeIPVS(b, ports)
	set.Redirects = append(set.Redirects, rows...)
	if marked > 0 {
		set.AddGaps(fact.Gap{Kind: fact.GapNoNAT, Subject: "IPVS services chosen by firewall mark", Hint: "ipvsadm -L -n"})
	}
	return nil
}

// slurp reads a file of /proc whole. os.ReadFile first asks for the size and the
// poller, which takes longer than most of these files.
func slurp(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var b []byte
	for {
		b = slices.Grow(b, 512)
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if b = b[:len(b)+n]; n == 0 {
			return b, nil
		}
	}
}

// nftLoaded tells whether the kernel may hold nftables rules. Asking a kernel
// whose nf_tables module is not loaded would load it, so a module that lies on
// disk and is not in the kernel means no. Where it is built in, neither shows.
func nftLoaded(root string) bool {
	if unix.Access(root+"sys/module/nf_tables", unix.F_OK) == nil {
		return true
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return true
	}
	dir := root + "lib/modules/" + unix.ByteSliceToString(u.Release[:]) + "/kernel/net/netfilter"
	if unix.Access(dir, unix.F_OK) != nil {
		return true
	}
	for _, suffix := range [...]string{"", ".zst", ".xz", ".gz"} {
		if unix.Access(dir+"/nf_tables.ko"+suffix, unix.F_OK) == nil {
			return false
		}
	}
	return true
}
