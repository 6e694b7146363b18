package portrange

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const (
	ephemeralFile  = "net.ipv4.ip_local_port_range"
	reservedFile   = "net.ipv4.ip_local_reserved_ports"
	privilegedFile = "net.ipv4.ip_unprivileged_port_start"
)

func read() fact.Set { return readTree("/") }

// readTree reads below root, which ends in a slash.
func readTree(root string) fact.Set {
	var set fact.Set
	dir := root + "proc/sys/net/ipv4/"
	readFile(&set, dir+"ip_local_port_range", ephemeralFile, ephemeral)
	readFile(&set, dir+"ip_local_reserved_ports", reservedFile, reserved)
	readFile(&set, dir+"ip_unprivileged_port_start", privilegedFile, privileged)
	if unix.Access(root+"sys/fs/selinux/enforce", unix.F_OK) == nil {
		set.AddGaps(fact.Gap{Kind: fact.GapSELinux, Subject: "port types", Hint: "semanage port -l"})
	}
	return set
}

// readFile hands a file's content to parse, and makes a gap of what cannot be read.
func readFile(set *fact.Set, path, name string, parse func([]byte) ([]fact.Range, bool)) {
	b, err := os.ReadFile(path)
	if err != nil {
		set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: name, Err: err.Error()})
		return
	}
	ranges, ok := parse(b)
	if !ok {
		set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: name, Raw: string(b[:min(len(b), 4096)])})
	}
	set.Ranges = append(set.Ranges, ranges...)
}

func ephemeral(b []byte) ([]fact.Range, bool) {
	from, to, ok := parsePair(b)
	if !ok {
		return nil, false
	}
	return []fact.Range{{Kind: fact.Ephemeral, From: from, To: to, Evidence: ephemeralFile}}, true
}

func reserved(b []byte) ([]fact.Range, bool) {
	list, ok := parseList(b)
	var ranges []fact.Range
	for _, r := range list {
		ranges = append(ranges, fact.Range{Kind: fact.Reserved, From: r[0], To: r[1], Evidence: reservedFile})
	}
	return ranges, ok
}

// privileged reads the first port that anybody may bind; 0 means there is no
// privileged port, 65536 would mean that all are.
func privileged(b []byte) ([]fact.Range, bool) {
	start, err := strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 32)
	if err != nil || start > 65536 {
		return nil, false
	}
	if start == 0 {
		return nil, true
	}
	return []fact.Range{{Kind: fact.Privileged, From: 0, To: uint16(start - 1), Evidence: privilegedFile}}, true
}
