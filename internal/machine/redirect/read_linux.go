package redirect

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const ipvsFile = "/proc/thread-self/net/ip_vs"

func read(ctx context.Context, q Query) (fact.Set, error) {
	var set fact.Set
	e := newEvaluation(kernel{}, q.Ports)
	nft := e.orNil(readNft)
	legacy := e.orNil(readLegacy)
	set.AddGaps(natGaps(nft, legacy)...)
	set.Redirects = e.found
	if err := readIPVS(&set, q.Ports); err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapNoNAT, Subject: "IPVS services", Err: err.Error()})
	}
	if e.stopped {
		set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "NAT rules"})
	}
	return set, ctx.Err()
}

// orNil runs a reader and returns what it could not read, or what went wrong while
// its rules were followed.
func (e *evaluation) orNil(reader func(*evaluation) error) error {
	e.err = nil
	if err := reader(e); err != nil {
		return err
	}
	return e.err
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
	b, err := os.ReadFile(ipvsFile)
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
