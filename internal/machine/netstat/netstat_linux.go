package netstat

import (
	"context"
	"errors"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/cgroupfs"
)

// sources are the ways to the socket table; tests put others in their place.
type sources struct {
	procNet string // directory of the tables in text form, of the calling thread's namespace
	diag    func() (dumper, error)
	release func() string // of the kernel
}

func live() sources {
	return sources{procNet: "/proc/thread-self/net", diag: dialDiag, release: kernelRelease}
}

func read(ctx context.Context, q Query) (fact.Set, error) { return readFrom(ctx, q, live()) }

func readFrom(ctx context.Context, q Query, from sources) (fact.Set, error) {
	r := reader{q: q, from: from}
	defer r.groups.Close()
	if err := r.tables(ctx); err != nil {
		return fact.Set{}, err
	}
	Sort(r.set.Sockets)
	return r.set, nil
}

// reader is one run of Read.
type reader struct {
	q       Query
	from    sources
	set     fact.Set
	groups  cgroupfs.Finder
	devices map[uint32]string

	noGroups bool // the gap is told
}

// tables reads each protocol through sock_diag, and from /proc/net those for
// which that is closed.
func (r *reader) tables(ctx context.Context) error {
	protos := r.q.protos()
	if r.q.Part == BoundTCP && (len(protos) == 0 || r.noneBound()) {
		return nil
	}
	conn, err := r.from.diag()
	if err != nil {
		return r.texts(ctx, protos, err)
	}
	defer conn.Close()
	d := diag{reader: r, conn: conn}
	for _, p := range protos {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.read(p); err != nil {
			if err := r.texts(ctx, []fact.Proto{p}, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// cgroup is the path of a control group, "" where it is not known. A group that is
// gone is no gap: the socket has outlived it.
func (r *reader) cgroup(id uint64) string {
	path, err := r.groups.Path(id)
	if err != nil && !errors.Is(err, cgroupfs.ErrGone) && !r.noGroups {
		r.noGroups = true
		r.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "control groups of sockets", Err: err.Error()})
	}
	return path
}

// device is the name of an interface of this namespace, or its number.
func (r *reader) device(index uint32) string {
	if index == 0 {
		return ""
	}
	name, ok := r.devices[index]
	if ok {
		return name
	}
	if name = deviceName(index); name == "" {
		name = strconv.FormatUint(uint64(index), 10)
	}
	if r.devices == nil {
		r.devices = make(map[uint32]string)
	}
	r.devices[index] = name
	return name
}
