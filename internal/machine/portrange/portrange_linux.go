package portrange

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/berthd/berth/internal/fact"
)

const sysctl = "proc/sys/net/ipv4/"

func read(context.Context) fact.Set { return readFrom("/") }

func readFrom(root string) fact.Set {
	r := reader{root: root}
	r.ephemeral()
	r.reserved()
	r.privileged()
	r.selinux()
	return r.set
}

type reader struct {
	root string
	set  fact.Set
}

// setting reads one sysctl; a missing or closed one is a gap.
func (r *reader) setting(name string) (string, bool) {
	b, err := os.ReadFile(r.root + sysctl + name)
	if err != nil {
		r.gap(name, err.Error())
		return "", false
	}
	return string(b), true
}

func (r *reader) gap(name, why string) {
	r.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "net.ipv4." + name, Err: why})
}

func (r *reader) ephemeral() {
	const name = "ip_local_port_range"
	text, ok := r.setting(name)
	if !ok {
		return
	}
	from, to, ok := parsePair(text)
	if !ok {
		r.set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: "net.ipv4." + name, Raw: text})
		return
	}
	r.set.Ranges = append(r.set.Ranges, fact.Range{Kind: fact.Ephemeral, From: from, To: to, Evidence: "net.ipv4." + name})
}

func (r *reader) reserved() {
	const name = "ip_local_reserved_ports"
	text, ok := r.setting(name)
	if !ok {
		return
	}
	list, ok := parseList(text)
	if !ok {
		r.set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: "net.ipv4." + name, Raw: text})
		return
	}
	for _, g := range list {
		g.Kind, g.Evidence = fact.Reserved, "net.ipv4."+name
		r.set.Ranges = append(r.set.Ranges, g)
	}
}

func (r *reader) privileged() {
	const name = "ip_unprivileged_port_start"
	text, ok := r.setting(name)
	if !ok {
		return
	}
	if start, ok := port(text); ok && start > 0 {
		r.set.Ranges = append(r.set.Ranges, fact.Range{Kind: fact.Privileged, From: 1, To: start - 1, Evidence: "net.ipv4." + name})
	}
}

// selinux: the loaded policy keeps its port types in a binary form of tens of
// megabytes, which berth does not read. Where a policy is loaded that is a gap.
func (r *reader) selinux() {
	_, err := os.Stat(r.root + "sys/fs/selinux/enforce")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	g := fact.Gap{Kind: fact.GapSELinux, Subject: "SELinux port types"}
	if err != nil {
		g.Err = err.Error()
	}
	r.set.AddGaps(g)
}
