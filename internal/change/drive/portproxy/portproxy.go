// Package portproxy sets entries of Windows' port proxy, netsh interface portproxy:
// [plan.PortProxy].
//
// An entry is a text value below the registry key PortProxy, and the IP Helper
// service (iphlpsvc) acts on it: it reads the entries when it starts, and again when
// it is told that its parameters changed. That is done here without netsh, whose
// answers are translated and whose exit code is 0 also where it did nothing, and
// which spells addresses in its own way: the value's name is the only one by which an
// entry can be deleted again. A stopped service is not started.
//
// It needs an administrator; what is closed wraps [fs.ErrPermission]. The service
// opens and closes its sockets a moment after it was told, which is not waited for.
// On other systems than Windows every call is an error.
package portproxy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/berthd/berth/internal/answer/plan"
)

// Driver reads and sets entries.
type Driver struct{ calls calls }

// New returns the driver of this machine.
func New() Driver { return Driver{system()} }

// calls are what is asked of the registry and of the service: Windows', or a test's.
// A value or key that is not there is [errAbsent].
type calls struct {
	get    func(table, name string) (text string, err error) // [errShape] where it is no text
	set    func(table, name, text string) error              // makes the table's key
	remove func(table, name string) error
	notify func() error // tells the service
}

// Error numbers.
const (
	errAbsent syscall.Errno = 2
	errDenied syscall.Errno = 5
	noService syscall.Errno = 1060
	notActive syscall.Errno = 1062
)

// errShape says that a value is not what netsh writes.
var errShape = errors.New("not an entry as netsh writes it")

// said adds what was asked to the system's answer.
func said(what string, err error) error {
	if errors.Is(err, errDenied) {
		return fmt.Errorf("%s: %w (error 5; an administrator may)", what, fs.ErrPermission)
	}
	var n syscall.Errno
	if errors.As(err, &n) {
		return fmt.Errorf("%s: error %d: %w", what, uint(n), err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// entry is where one entry is kept.
type entry struct{ table, name string }

func parseName(name string) (entry, error) {
	table, listen, _ := strings.Cut(name, " ")
	value, ok := registryForm(listen)
	if !ok || !slices.Contains([]string{"v4tov4", "v4tov6", "v6tov4", "v6tov6"}, table) {
		return entry{}, fmt.Errorf("%q names no entry of the port proxy, as %q does", name, "v4tov4 0.0.0.0:80")
	}
	return entry{table, value}, nil
}

// registryForm is "0.0.0.0/80" of "0.0.0.0:80", and "::1/80" of "[::1]:80".
func registryForm(text string) (string, bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 1 {
		return "", false
	}
	host, port := text[:i], text[i+1:]
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(host, ":") {
			return "", false
		}
	} else if strings.Contains(host, ":") {
		return "", false
	}
	form := host + "/" + port
	back, ok := shownForm(form)
	return form, ok && back == text
}

// shownForm is the way back; ok is false for what netsh does not write.
func shownForm(form string) (string, bool) {
	host, port, ok := strings.Cut(form, "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if !ok || err != nil || n == 0 || strconv.FormatUint(n, 10) != port || host == "" || strings.ContainsAny(host, "[]\x00 /\\") {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port, true
}

// Read returns "exists" and, of an entry that is there, "to". It needs no privilege.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := parseName(s.Name)
	if err != nil {
		return nil, err
	}
	text, err := d.calls.get(e.table, e.name)
	if errors.Is(err, errAbsent) {
		return plan.State{"exists": "no"}, nil
	}
	if err != nil {
		return nil, said("the port proxy entry "+s.Name, err)
	}
	to, ok := shownForm(text)
	if !ok {
		return nil, fmt.Errorf("the port proxy entry %s is %q: %w", s.Name, text, errShape)
	}
	return plan.State{"exists": "yes", "to": to}, nil
}

// Set writes or deletes an entry, tells the service, also where nothing was left to
// write since a crash may have kept it from being told, and reads back. An entry that
// is to be there again leads where it led before, unless to says where.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	e, err := parseName(s.Name)
	if err != nil {
		return err
	}
	if led, ok := before["to"]; ok && to["to"] == "" && to["exists"] == "yes" && now["exists"] == "no" {
		to = plan.State{"exists": "yes", "to": led}
	}
	if len(plan.Differs(to, now)) > 0 {
		if err := d.change(e, s.Name, to); err != nil {
			return err
		}
	}
	if err := d.tell(s.Name); err != nil {
		return err
	}
	got, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	for _, f := range plan.Differs(to, got) {
		return fmt.Errorf("the port proxy entry %s: the registry reported success, and %s is %q, not %q", s.Name, f.Field, f.Got, f.Want)
	}
	return nil
}

func (d Driver) change(e entry, name string, to plan.State) error {
	if to["exists"] == "no" {
		if err := d.calls.remove(e.table, e.name); err != nil && !errors.Is(err, errAbsent) {
			return said("deleting the port proxy entry "+name, err)
		}
		return nil
	}
	text, ok := registryForm(to["to"])
	if !ok {
		return fmt.Errorf("the port proxy entry %s cannot lead to %q, which is no address and port", name, to["to"])
	}
	if err := d.calls.set(e.table, e.name, text); err != nil {
		return said("writing the port proxy entry "+name, err)
	}
	return nil
}

// tell has the service read its entries. One that does not run reads them when it
// starts.
func (d Driver) tell(name string) error {
	err := d.calls.notify()
	if err == nil || errors.Is(err, noService) || errors.Is(err, notActive) {
		return nil
	}
	return said("the port proxy entry "+name+" is as it should be, but the IP Helper service (iphlpsvc) was not told", err)
}
