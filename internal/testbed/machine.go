package testbed

import (
	"io/fs"
	"strings"
	"testing"
)

// Machine is a booted Debian 12 with systemd, nginx, Apache and the usual tools,
// with a network namespace and a file system of its own. Nothing is enabled at
// boot but what the options say; every change is thrown away with the test.
type Machine struct {
	Place
	base, upper string // what it was booted from, what it has changed since; see State
	sup         *Child // what it runs in; ends when the machine does
}

// Option prepares a machine before it boots.
type Option func(*plan)

type plan struct {
	files  []file
	enable []string
}

type file struct {
	path string
	data string
	mode fs.FileMode
}

// WithFile has the machine boot with a file.
func WithFile(path, data string) Option {
	return func(p *plan) { p.files = append(p.files, file{path, data, 0o644}) }
}

// WithProgram has the machine boot with a file that can be run.
func WithProgram(path, data string) Option {
	return func(p *plan) { p.files = append(p.files, file{path, data, 0o755}) }
}

// WithEnabled has units enabled before the boot, as systemctl enable does; a unit
// of [WithFile] may be among them.
func WithEnabled(units ...string) Option {
	return func(p *plan) { p.enable = append(p.enable, units...) }
}

// Leader is the machine's PID 1 as seen from the test.
func (m *Machine) Leader() int { return m.pid }

// Bus is the D-Bus address by which a process of the test reaches the machine's
// system bus, authenticated as root.
func (m *Machine) Bus() string {
	return "unix:path=" + m.Root("/run/dbus/system_bus_socket")
}

// Reboot has the machine shut down in order and boots it again from the same disk:
// files are kept, /run and all processes are gone.
func (m *Machine) Reboot() {
	m.t.Helper()
	m.reboot()
}

// Unit returns one property of a unit, such as ActiveState or MainPID.
func (m *Machine) Unit(name, property string) string {
	m.t.Helper()
	return strings.TrimSpace(m.Run("systemctl", "show", "--value", "-p", property, name))
}

// AwaitUnit waits until a unit's ActiveState is state.
func (m *Machine) AwaitUnit(name, state string) {
	m.t.Helper()
	Await(m.t, name+" to be "+state, func() bool { return m.Unit(name, "ActiveState") == state })
}

// Boot boots a machine. It needs root, systemd-nspawn and the root file system
// that scripts/testbed/systemd-root makes.
func Boot(t testing.TB, options ...Option) *Machine {
	t.Helper()
	var p plan
	for _, o := range options {
		o(&p)
	}
	return boot(t, p)
}
