package process

import (
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/process/wintask"
)

// Holders tells which processes own q.Sockets, by the owner that Windows keeps for
// each: links HeldBy, and rows with ancestors. Where an owner has ended, children
// that may have inherited the socket are linked as InheritedBy, likely. Windows
// names one owner for a socket, and others that share the handle are not searched.
//
// It needs no privilege for the processes of the asker; of others' the command
// line, folder and user are [fact.GapPermission], and of protected ones
// [fact.GapProtected] even for an administrator. It blocks for the opening of the
// processes, some 50 microseconds each.
func Holders(ctx context.Context, q Query) (fact.Set, error) {
	if !slices.ContainsFunc(q.Sockets, func(k fact.Socket) bool { return k.PID != 0 }) {
		return fact.Set{}, ctx.Err()
	}
	return withTasks(func(t *tasks) error { return t.hold(ctx, q.Sockets) })
}

// Describe reads the rows of pids and of their ancestors, with ChildOf links. What
// it needs and cannot tell is as with [Holders]. A PID that is not there is
// [fact.GapVanished].
func Describe(ctx context.Context, pids ...int) (fact.Set, error) {
	return withTasks(func(t *tasks) error { return t.describe(ctx, pids) })
}

func withTasks(fn func(*tasks) error) (fact.Set, error) {
	r := wintask.Open()
	defer r.Close()
	all, whole, err := r.Table()
	if err != nil {
		return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapOther, Subject: "process table", Err: err.Error()}}}, nil
	}
	t := newTasks(all, whole, r.Look, r.Debug)
	err = fn(t)
	return t.done(), err
}
