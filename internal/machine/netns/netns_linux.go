package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const (
	proc  = "proc/"
	named = "run/netns/"
)

func list(ctx context.Context, root string) (fact.Set, error) {
	own, err := inode(root + proc + "thread-self/ns/net")
	if err != nil {
		return fact.Set{}, fmt.Errorf("own network namespace: %w", err)
	}
	l := lister{root: root, own: own, at: map[uint64]int{}}
	l.names()
	if err := l.processes(ctx); err != nil {
		return l.set, err
	}
	return l.set, nil
}

type lister struct {
	root   string
	own    uint64
	at     map[uint64]int // inode → index of its row
	closed int
	set    fact.Set
}

// row finds or makes the row of a namespace; nil for the asker's own.
func (l *lister) row(ino uint64, evidence string) *fact.Namespace {
	if ino == l.own {
		return nil
	}
	i, ok := l.at[ino]
	if !ok {
		i = len(l.set.Namespaces)
		l.at[ino] = i
		l.set.Namespaces = append(l.set.Namespaces, fact.Namespace{ID: ID(ino), Inode: ino, Evidence: evidence})
	}
	return &l.set.Namespaces[i]
}

// ID names a network namespace by its inode.
func ID(inode uint64) fact.ID { return fact.ID("netns:" + strconv.FormatUint(inode, 10)) }

func (l *lister) names() {
	entries, err := os.ReadDir(l.root + named)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.gap(l.root+named, err)
		}
		return
	}
	for _, e := range entries {
		path := l.root + named + e.Name()
		ino, err := inode(path)
		if err != nil {
			l.gap(path, err)
			continue
		}
		if n := l.row(ino, path); n != nil && n.Name == "" {
			n.Name = e.Name()
		}
	}
}

func (l *lister) gap(what string, err error) {
	l.set.AddGaps(fact.Gap{Kind: fact.GapOtherNetns, Subject: what, Err: err.Error()})
}

func (l *lister) processes(ctx context.Context) error {
	dir, err := os.Open(l.root + proc)
	if err != nil {
		return err
	}
	defer dir.Close()
	pids, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for i, name := range pids {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if pid, err := strconv.Atoi(name); err == nil {
			l.process(pid)
		}
	}
	if l.closed > 0 {
		of := "one process"
		if l.closed > 1 {
			of = fmt.Sprintf("%d processes", l.closed)
		}
		l.set.AddGaps(fact.Gap{Kind: fact.GapOtherNetns, Subject: "the network namespaces of " + of, Err: unix.EACCES.Error()})
	}
	return nil
}

func (l *lister) process(pid int) {
	ino, err := linked(l.root + proc + strconv.Itoa(pid) + "/ns/net")
	switch {
	case errors.Is(err, fs.ErrPermission):
		l.closed++
	case err == nil:
		if n := l.row(ino, fmt.Sprintf("/proc/%d/ns/net", pid)); n != nil && len(n.PIDs) < MaxPIDs {
			i, _ := slices.BinarySearch(n.PIDs, pid)
			n.PIDs = slices.Insert(n.PIDs, i, pid)
		}
	}
}

// linked reads the inode out of a link such as net:[4026531840]. A kernel thread
// and an ended process have no such link.
func linked(path string) (uint64, error) {
	target, err := os.Readlink(path)
	if err != nil {
		return 0, err
	}
	num := strings.TrimSuffix(strings.TrimPrefix(target, "net:["), "]")
	return strconv.ParseUint(num, 10, 64)
}

func inode(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return st.Ino, nil
}

func do(root string, ns fact.Namespace, f func() error) error {
	file, err := open(root, ns)
	if err != nil {
		return err
	}
	defer file.Close()
	done := make(chan error)
	go func() { done <- moved(file, f) }()
	return <-done
}

// moved runs f on the calling goroutine's thread, which goes into a namespace and
// is never given back: a goroutine that ends locked ends its thread. The first
// thread is spared, for /proc/self and /proc/net speak of that one for ever; while
// it is held another thread does it.
func moved(file *os.File, f func() error) error {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		defer runtime.UnlockOSThread()
		done := make(chan error)
		go func() { done <- moved(file, f) }()
		return <-done
	}
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering %s: %w", file.Name(), err)
	}
	return f()
}

// open finds a file of the namespace and makes sure that it still is that one:
// names and PIDs are given to others.
func open(root string, ns fact.Namespace) (*os.File, error) {
	var paths []string
	if ns.Name != "" {
		paths = append(paths, root+named+ns.Name)
	}
	for _, pid := range ns.PIDs {
		paths = append(paths, root+proc+strconv.Itoa(pid)+"/ns/net")
	}
	if !slices.Contains(paths, ns.Evidence) && filepath.IsAbs(ns.Evidence) {
		paths = append(paths, ns.Evidence)
	}
	err := fmt.Errorf("network namespace %s: %w", ns.ID, fs.ErrNotExist)
	for _, p := range paths {
		f, oerr := os.Open(p)
		if oerr != nil {
			err = oerr
			continue
		}
		var st unix.Stat_t
		if unix.Fstat(int(f.Fd()), &st) == nil && st.Ino == ns.Inode {
			return f, nil
		}
		f.Close()
	}
	return nil, err
}

func resolve(root, name string) (fact.Namespace, error) {
	path, ns := root+named+name, fact.Namespace{}
	pid, err := strconv.Atoi(name)
	switch {
	case strings.HasPrefix(name, "/"):
		path = name
	case err == nil:
		path = root + proc + name + "/ns/net"
		ns.PIDs = []int{pid}
	default:
		ns.Name = name
	}
	ino, err := inode(path)
	if err != nil {
		return ns, err
	}
	if err := isNetns(path); err != nil {
		return ns, err
	}
	ns.ID, ns.Inode, ns.Evidence = ID(ino), ino, path
	return ns, nil
}

// isNetns refuses a file that is no network namespace before anybody enters it.
func isNetns(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	kind, err := unix.IoctlRetInt(int(f.Fd()), unix.NS_GET_NSTYPE)
	if err != nil || kind != unix.CLONE_NEWNET {
		return fmt.Errorf("%s is no network namespace", path)
	}
	return nil
}
