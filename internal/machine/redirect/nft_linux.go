package redirect

import (
	"cmp"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/machine/redirect/nft"
	"github.com/berthd/berth/internal/sys/netdev"
	"github.com/berthd/berth/internal/sys/netlink"
)

// nftKernel asks the running kernel for nftables' objects, chains and sets once.
type nftKernel struct {
	conn  *netlink.Conn
	rules map[nft.ChainKey][][]byte
	sets  map[nft.SetKey]nft.SetInfo
	room  []byte // what is left of the last piece of memory for messages
}

const (
	nftSubsystem = unix.NFNL_SUBSYS_NFTABLES << 8
	roomSize     = 32 << 10
)

// nameAttrs is the request for an object: the attributes 1 and 2 of every kind
// are its table and its own name, or that of its chain or set.
func nameAttrs(table, name string) []byte {
	b := netlink.AppendAttr(nil, 1, append([]byte(table), 0))
	return netlink.AppendAttr(b, 2, append([]byte(name), 0))
}

func (k *nftKernel) ask(what, flags uint16, family byte, attrs []byte, each func(family byte, attrs []byte)) error {
	request := netlink.Message{
		Type: nftSubsystem | what, Flags: flags, Data: append([]byte{family, 0, 0, 0}, attrs...),
	}
	err := k.conn.Do(request, func(m netlink.Message) error {
		if len(m.Data) >= 4 {
			each(m.Data[0], m.Data[4:])
		}
		return nil
	})
	if errors.Is(err, netlink.ErrInterrupted) {
		return nil // rules changed meanwhile; every message that was there came
	}
	return err
}

// baseChains lists the chains where traffic for a port can be taken, in the order
// the kernel enters them.
func (k *nftKernel) baseChains() ([]nft.BaseChain, error) {
	var list []nft.BaseChain
	err := k.ask(unix.NFT_MSG_GETCHAIN, netlink.FlagDump, unix.AF_UNSPEC, nil, func(family byte, attrs []byte) {
		if c, ok := nft.DecodeChain(family, attrs); ok {
			list = append(list, c)
		}
	})
	slices.SortStableFunc(list, func(a, b nft.BaseChain) int { return cmp.Compare(a.Priority, b.Priority) })
	return list, err
}

func (k *nftKernel) chainRules(c nft.ChainKey) ([][]byte, error) {
	if list, ok := k.rules[c]; ok {
		return list, nil
	}
	var list [][]byte
	err := k.ask(unix.NFT_MSG_GETRULE, netlink.FlagDump, c.Family, nameAttrs(c.Table, c.Name), func(_ byte, attrs []byte) {
		if nft.IsRuleOf(attrs, c) { // an older kernel ignores the names
			list = append(list, k.keep(attrs))
		}
	})
	k.rules[c] = list
	return list, err
}

func (k *nftKernel) setInfo(s nft.SetKey) (nft.SetInfo, error) {
	if info, ok := k.sets[s]; ok {
		return info, nil
	}
	var info nft.SetInfo
	err := k.ask(unix.NFT_MSG_GETSET, 0, s.Family, nameAttrs(s.Table, s.Name), func(_ byte, attrs []byte) {
		info = nft.DecodeSet(attrs)
	})
	k.sets[s] = info
	return info, err
}

func (k *nftKernel) setElements(s nft.SetKey) ([]nft.Element, error) {
	var list []nft.Element
	err := k.ask(unix.NFT_MSG_GETSETELEM, netlink.FlagDump, s.Family, nameAttrs(s.Table, s.Name), func(_ byte, attrs []byte) {
		list = nft.DecodeElements(list, k.keep(attrs))
	})
	return list, err
}

// keep copies a message out of the buffer that the next one will overwrite. One
// growing slice would copy, and touch, several times as much memory.
func (k *nftKernel) keep(b []byte) []byte {
	if len(k.room) < len(b) {
		k.room = make([]byte, max(roomSize, len(b)))
	}
	kept := k.room[:len(b):len(b)]
	k.room = k.room[len(b):]
	copy(kept, b)
	return kept
}

// readNft follows all nftables rules.
func readNft(s *flow.Search) error {
	if !nftLoaded("/") {
		return nil
	}
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer conn.Close()
	k := &nftKernel{conn: conn, rules: map[nft.ChainKey][][]byte{}, sets: map[nft.SetKey]nft.SetInfo{}}
	asked := nft.Kernel{Rules: k.chainRules, Set: k.setInfo, Elements: k.setElements, Device: netdev.Name}
	chains, err := k.baseChains()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil // a kernel without nftables has no rules
	}
	for _, c := range chains {
		nft.Follow(s, asked, c)
	}
	return err
}
