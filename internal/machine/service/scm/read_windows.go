package scm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/advapi32"
	"github.com/berthd/berth/internal/sys/winapi/fixed"
)

// The layouts that the decoders know.
var (
	_ [statusSize]byte    = [unsafe.Sizeof(windows.ENUM_SERVICE_STATUS_PROCESS{})]byte{}
	_ [statusStatus]byte  = [unsafe.Offsetof(windows.ENUM_SERVICE_STATUS_PROCESS{}.ServiceStatusProcess)]byte{}
	_ [configSize]byte    = [unsafe.Sizeof(windows.QUERY_SERVICE_CONFIG{})]byte{}
	_ [configPath]byte    = [unsafe.Offsetof(windows.QUERY_SERVICE_CONFIG{}.BinaryPathName)]byte{}
	_ [configDepends]byte = [unsafe.Offsetof(windows.QUERY_SERVICE_CONFIG{}.Dependencies)]byte{}
	_ [configAccount]byte = [unsafe.Offsetof(windows.QUERY_SERVICE_CONFIG{}.ServiceStartName)]byte{}
	_ [failureSize]byte   = [unsafe.Sizeof(windows.SERVICE_FAILURE_ACTIONS{})]byte{}
	_ [failureCount]byte  = [unsafe.Offsetof(windows.SERVICE_FAILURE_ACTIONS{}.ActionsCount)]byte{}
	_ [dependentSize]byte = [unsafe.Sizeof(windows.ENUM_SERVICE_STATUS{})]byte{}
)

// maxAnswer bounds one answer of the manager.
const maxAnswer = 16 << 20

const servicesKey = `SYSTEM\CurrentControlSet\Services`

// manager is a connection to the service control manager with the least rights.
type manager struct {
	handle windows.Handle
	full   map[string]windows.Handle // services by name; 0 is one that may not be opened so
}

// full are the rights that something is asked with. Who has them all opens a service
// once; the others once for each question.
const full = windows.SERVICE_QUERY_CONFIG | windows.SERVICE_ENUMERATE_DEPENDENTS | rightStop | rightChange

func read(ctx context.Context, q Query) (fact.Set, error) {
	h, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return source{list: func() ([]status, error) { return nil, said(err) }}.read(ctx, q)
	}
	m := manager{h, map[string]windows.Handle{}}
	defer m.close()
	return source{
		list: m.list, answer: m.answer, record: readRecord, dependsOn: readDependencies,
		dependents: m.dependents, may: m.may, tag: tagName,
	}.read(ctx, q)
}

// said makes the errors that the reading tells apart of the system's.
func said(err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("%w: %w", errDenied, err)
	case !errors.As(err, &errno):
		return fmt.Errorf("%w: %w", errAbsent, err)
	}
	return err
}

func (m manager) list() ([]status, error) {
	const kinds = windows.SERVICE_WIN32 | windows.SERVICE_DRIVER
	resume := uint32(0)
	return listAll(fixed.Bytes, at, func(b []byte) (int, uint32, error) {
		var rest, n uint32
		err := windows.EnumServicesStatusEx(m.handle, windows.SC_ENUM_PROCESS_INFO, kinds, windows.SERVICE_STATE_ALL,
			&b[0], uint32(len(b)), &rest, &n, &resume, nil)
		switch {
		case err == nil:
			return int(n), 0, nil
		case errors.Is(err, windows.ERROR_MORE_DATA):
			return int(n), max(rest, 1), nil
		}
		return 0, 0, said(err)
	})
}

func at(b []byte) block { return block{b, uint64(uintptr(unsafe.Pointer(&b[0])))} }

func (m manager) close() {
	for _, h := range m.full {
		if h != 0 {
			windows.CloseServiceHandle(h)
		}
	}
	windows.CloseServiceHandle(m.handle)
}

// open opens a service for fn, with a right that is one of full.
func (m manager) open(name string, right uint32, fn func(windows.Handle) error) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	h, tried := m.full[name]
	if !tried {
		h, _ = windows.OpenService(m.handle, wide, full) // what is refused is asked for bit by bit
		m.full[name] = h
	}
	if h == 0 {
		if h, err = windows.OpenService(m.handle, wide, right); err != nil {
			return said(err)
		}
		defer windows.CloseServiceHandle(h)
	}
	return said(fn(h))
}

// grow calls with a buffer that grows as the system asks.
func grow(call func(b []byte, need *uint32) error) ([]byte, error) {
	b := fixed.Bytes(1 << 10)
	for {
		var need uint32
		err := call(b, &need)
		more := errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || errors.Is(err, windows.ERROR_MORE_DATA)
		if !more || int(need) <= len(b) || need > maxAnswer {
			return b, err
		}
		b = fixed.Bytes(int(need))
	}
}

func (m manager) answer(name string) (a answer, err error) {
	return a, m.open(name, windows.SERVICE_QUERY_CONFIG, func(h windows.Handle) error {
		b, err := grow(func(b []byte, need *uint32) error {
			return windows.QueryServiceConfig(h, (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&b[0])), uint32(len(b)), need)
		})
		if err != nil {
			return err
		}
		a.config, _ = parseConfig(at(b))
		a.delayed = flag(h, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO)
		a.triggered = flag(h, windows.SERVICE_CONFIG_TRIGGER_INFO)
		if b, err := more(h, windows.SERVICE_CONFIG_FAILURE_ACTIONS); err == nil {
			a.restart = parseFailure(at(b))
		}
		return nil
	})
}

// more asks for a part of the configuration. Kinds of part that the system does
// not have are errors, and no fault.
func more(h windows.Handle, level uint32) ([]byte, error) {
	return grow(func(b []byte, need *uint32) error {
		return windows.QueryServiceConfig2(h, level, &b[0], uint32(len(b)), need)
	})
}

// flag is a part of the configuration that begins with a truth or a count; nil
// where the system does not have it.
func flag(h windows.Handle, level uint32) *bool {
	b, err := more(h, level)
	if err != nil {
		return nil
	}
	is := binary.LittleEndian.Uint32(b) != 0
	return &is
}

func (m manager) dependents(name string) (names []string, err error) {
	return names, m.open(name, windows.SERVICE_ENUMERATE_DEPENDENTS, func(h windows.Handle) error {
		var n uint32
		b, err := grow(func(b []byte, need *uint32) error {
			return windows.EnumDependentServices(h, windows.SERVICE_STATE_ALL, (*windows.ENUM_SERVICE_STATUS)(unsafe.Pointer(&b[0])), uint32(len(b)), need, &n)
		})
		if err == nil {
			names = parseDependents(at(b), int(n))
		}
		return err
	})
}

func (m manager) may(name string, right uint32) (bool, error) {
	err := m.open(name, right, func(windows.Handle) error { return nil })
	if errors.Is(err, errDenied) {
		return false, nil
	}
	return err == nil, err
}

func tagName(pid, tag uint32) (string, error) {
	name, err := advapi32.ServiceOfTag(pid, tag)
	return name, said(err)
}

// readRecord reads a service's key.
func readRecord(name string) (record, error) {
	var r record
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, servicesKey+`\`+name, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return r, said(err)
	}
	defer k.Close()
	if n, _, err := k.GetIntegerValue("Start"); err == nil {
		start := uint32(n)
		r.start = &start
	}
	n, _, err := k.GetIntegerValue("DelayedAutostart")
	r.delayed = err == nil && n != 0
	r.path, _, _ = k.GetStringValue("ImagePath")
	r.account, _, _ = k.GetStringValue("ObjectName")
	r.depends = dependencies(k)
	if t, err := registry.OpenKey(k, "TriggerInfo", registry.ENUMERATE_SUB_KEYS); err == nil {
		names, _ := t.ReadSubKeyNames(1)
		r.triggered = len(names) > 0
		t.Close()
	}
	return r, nil
}

// dependencies are the values DependOnService and DependOnGroup of a key.
func dependencies(k registry.Key) []string {
	on, _, _ := k.GetStringsValue("DependOnService")
	groups, _, _ := k.GetStringsValue("DependOnGroup")
	var all []string
	for _, d := range on {
		if d = strings.TrimSpace(d); d != "" {
			all = append(all, d)
		}
	}
	for _, g := range groups {
		if g = strings.TrimSpace(g); g != "" {
			all = append(all, "+"+g)
		}
	}
	return all
}

// readDependencies reads DependOnService of every key there is.
func readDependencies() (map[string][]string, error) {
	top, err := registry.OpenKey(registry.LOCAL_MACHINE, servicesKey, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil, said(err)
	}
	defer top.Close()
	names, err := top.ReadSubKeyNames(-1)
	if err != nil && len(names) == 0 {
		return nil, said(err)
	}
	all := make(map[string][]string, len(names))
	closed := 0
	for _, name := range names {
		k, err := registry.OpenKey(top, name, registry.QUERY_VALUE)
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			closed++
		}
		if err != nil {
			continue
		}
		if on, _, err := k.GetStringsValue("DependOnService"); err == nil && len(on) > 0 {
			all[name] = on
		}
		k.Close()
	}
	if closed > 0 {
		return all, fmt.Errorf("%w: %d keys of services", errDenied, closed)
	}
	return all, nil
}
