package unit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	service      = "org.freedesktop.systemd1"
	ifaceManager = service + ".Manager"
	ifaceUnit    = service + ".Unit"
	ifaceProps   = "org.freedesktop.DBus.Properties"
	objManager   = dbus.ObjectPath("/org/freedesktop/systemd1")
)

// handshake bounds how long a bus may take to greet.
const handshake = 10 * time.Second

// bus is one conversation with one manager.
type bus struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal // jobs that ended, once subscribed
	files   files
	root    string
	daemon  bool   // a bus daemon stands between
	user    string // uid of a user's manager, "" for the system's
}

// dial connects to the manager "system" (or "") or to that of a uid.
func (d Driver) dial(ctx context.Context, manager string) (*bus, error) {
	if !d.Present() {
		return nil, ErrNoSystemd
	}
	b := &bus{root: d.root}
	public, private := "run/dbus/system_bus_socket", "run/systemd/private"
	if manager != "" && manager != "system" {
		if _, err := strconv.ParseUint(manager, 10, 32); err != nil {
			return nil, fmt.Errorf("%q is no manager of units: neither system nor a uid", manager)
		}
		if _, err := os.Stat(filepath.Join(d.root, "run/user", manager)); err != nil {
			return nil, fmt.Errorf("uid %s has no manager of units now: %w", manager, err)
		}
		b.user = manager
		public, private = "run/user/"+manager+"/bus", "run/user/"+manager+"/systemd/private"
	}
	err := b.connect(ctx, filepath.Join(d.root, public), true)
	if err != nil { // no bus daemon, or one that serves only its user; managers serve root too
		if err2 := b.connect(ctx, filepath.Join(d.root, private), false); err2 != nil {
			return nil, fmt.Errorf("manager %s: %w", nameOf(manager), errors.Join(err, err2))
		}
	}
	if err := b.property(ctx, objManager, ifaceManager, "UnitPath", &b.files.unitPath); err != nil {
		b.close()
		return nil, err
	}
	b.files.root = d.root
	return b, nil
}

func nameOf(manager string) string {
	if manager == "" || manager == "system" {
		return "of the system"
	}
	return "of uid " + manager
}

// connect greets a bus daemon, or a manager on its private socket, as the effective
// user. The connection outlives ctx, so that what is half done can be told.
func (b *bus) connect(ctx context.Context, path string, daemon bool) error {
	dialer := net.Dialer{Timeout: handshake}
	raw, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return err
	}
	_ = raw.SetDeadline(time.Now().Add(handshake))
	conn, err := dbus.DialUnix(raw.(*net.UnixConn), dbus.WithContext(context.WithoutCancel(ctx)))
	if err != nil {
		raw.Close()
		return err
	}
	err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))})
	if err == nil && daemon {
		err = conn.Hello()
	}
	if err != nil {
		conn.Close()
		return plain(err)
	}
	_ = raw.SetDeadline(time.Time{})
	b.conn, b.daemon = conn, daemon
	return nil
}

func (b *bus) close() { b.conn.Close() }

// call asks an object and stores the answer, if any is wanted.
func (b *bus) call(ctx context.Context, path dbus.ObjectPath, method string, out []any, args ...any) error {
	c := b.conn.Object(service, path).CallWithContext(ctx, method, 0, args...)
	if c.Err != nil {
		return plain(c.Err)
	}
	if len(out) == 0 {
		return nil
	}
	return c.Store(out...)
}

// ask calls the manager.
func (b *bus) ask(ctx context.Context, member string, out []any, args ...any) error {
	err := b.call(ctx, objManager, ifaceManager+"."+member, out, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", member, err)
	}
	return nil
}

func (b *bus) property(ctx context.Context, path dbus.ObjectPath, iface, key string, out any) error {
	var v dbus.Variant
	if err := b.call(ctx, path, ifaceProps+".Get", []any{&v}, iface, key); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return v.Store(out)
}

// plain makes errors of the bus comparable to Go's.
func plain(err error) error {
	var e dbus.Error
	if p := (*dbus.Error)(nil); errors.As(err, &p) {
		e = *p
	} else if !errors.As(err, &e) {
		return err
	}
	r := remote{name: e.Name}
	if len(e.Body) > 0 {
		r.text, _ = e.Body[0].(string)
	}
	return r
}

// subscribe has the manager tell when jobs end. It comes before the first job.
func (b *bus) subscribe(ctx context.Context) error {
	if b.signals != nil {
		return nil
	}
	signals := make(chan *dbus.Signal, 256)
	b.conn.Signal(signals)
	if b.daemon { // a private socket has no matches
		if err := b.conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(ifaceManager), dbus.WithMatchMember("JobRemoved")); err != nil {
			return plain(err)
		}
	}
	if err := b.ask(ctx, "Subscribe", nil); err != nil {
		return err
	}
	b.signals = signals
	return nil
}

// job starts a job and waits for its end. It returns the job's result, "done" if all
// is well.
func (b *bus) job(ctx context.Context, member string, args ...any) (string, error) {
	if err := b.subscribe(ctx); err != nil {
		return "", err
	}
	var job dbus.ObjectPath
	if err := b.ask(ctx, member, []any{&job}, args...); err != nil {
		return "", err
	}
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case s, open := <-b.signals:
			if !open {
				return "", fmt.Errorf("%s: the bus hung up before the job was done", member)
			}
			if result, ok := ended(s, job); ok {
				return result, nil
			}
		}
	}
}

// ended reads JobRemoved(id, job, unit, result).
func ended(s *dbus.Signal, job dbus.ObjectPath) (string, bool) {
	if s.Name != ifaceManager+".JobRemoved" || len(s.Body) < 4 || s.Body[1] != job {
		return "", false
	}
	result, ok := s.Body[3].(string)
	return result, ok
}
