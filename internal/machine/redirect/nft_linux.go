package redirect

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/netdev"
	"github.com/berthd/berth/internal/sys/netlink"
)

// nftKernel asks the running kernel for nftables' objects, each once.
type nftKernel struct {
	conn  *netlink.Conn
	rules map[chainKey][][]byte
	sets  map[setKey]setInfo
	room  []byte // what is left of the last piece of memory for messages
}

const roomSize = 32 << 10

const nftSubsystem = unix.NFNL_SUBSYS_NFTABLES << 8

func (k *nftKernel) dump(what uint16, family byte, attrs []byte, each func(family byte, attrs []byte)) error {
	request := netlink.Message{
		Type: nftSubsystem | what, Flags: netlink.FlagDump,
		Data: append([]byte{family, 0, 0, 0}, attrs...),
	}
	return k.ask(request, each)
}

func (k *nftKernel) ask(request netlink.Message, each func(family byte, attrs []byte)) error {
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
func (k *nftKernel) baseChains() ([]baseChain, error) {
	var list []baseChain
	err := k.dump(unix.NFT_MSG_GETCHAIN, unix.AF_UNSPEC, nil, func(family byte, attrs []byte) {
		if c, ok := decodeChain(family, attrs); ok {
			list = append(list, c)
		}
	})
	slices.SortStableFunc(list, func(a, b baseChain) int { return int(a.priority>>1) - int(b.priority>>1) })
	return list, err
}

// names tells whether an attribute holds a name, without making it a string.
func names(attr []byte, name string) bool {
	return len(attr) == len(name)+1 && string(attr[:len(name)]) == name
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

func zeroEnded(s string) []byte { return append([]byte(s), 0) }

func (k *nftKernel) chainRules(c chainKey) ([][]byte, error) {
	if list, ok := k.rules[c]; ok {
		return list, nil
	}
	attrs := netlink.AppendAttr(nil, ruleTable, zeroEnded(c.table))
	attrs = netlink.AppendAttr(attrs, ruleChain, zeroEnded(c.name))
	var list [][]byte
	err := k.dump(unix.NFT_MSG_GETRULE, c.family, attrs, func(_ byte, attrs []byte) {
		if names(find(attrs, ruleChain), c.name) && names(find(attrs, ruleTable), c.table) {
			list = append(list, k.keep(attrs))
		}
	})
	k.rules[c] = list
	return list, err
}

func (k *nftKernel) setInfo(s setKey) (setInfo, error) {
	if info, ok := k.sets[s]; ok {
		return info, nil
	}
	attrs := netlink.AppendAttr(nil, setTable, zeroEnded(s.table))
	attrs = netlink.AppendAttr(attrs, setName, zeroEnded(s.name))
	var info setInfo
	request := netlink.Message{
		Type: nftSubsystem | unix.NFT_MSG_GETSET,
		Data: append([]byte{s.family, 0, 0, 0}, attrs...),
	}
	err := k.ask(request, func(_ byte, attrs []byte) { info = decodeSet(attrs) })
	k.sets[s] = info
	return info, err
}

func (k *nftKernel) setElements(s setKey) ([]element, error) {
	attrs := netlink.AppendAttr(nil, listTable, zeroEnded(s.table))
	attrs = netlink.AppendAttr(attrs, listSet, zeroEnded(s.name))
	var list []element
	err := k.dump(unix.NFT_MSG_GETSETELEM, s.family, attrs, func(_ byte, attrs []byte) {
		list = decodeElements(list, k.keep(attrs))
	})
	return list, err
}

// readNft follows all nftables rules.
func readNft(e *evaluation) error {
	if !nftLoaded("/") {
		return nil
	}
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer conn.Close()
	k := &nftKernel{conn: conn, rules: map[chainKey][][]byte{}, sets: map[setKey]setInfo{}}
	e.kernel = kernel{rules: k.chainRules, set: k.setInfo, elements: k.setElements, device: netdev.Name}
	chains, err := k.baseChains()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil // a kernel without nftables has no rules
	}
	for _, c := range chains {
		e.enter(c)
	}
	return err
}
