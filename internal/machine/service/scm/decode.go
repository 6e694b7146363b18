package scm

import (
	"encoding/binary"
	"unicode/utf16"
)

// status is one row of the manager's list.
type status struct {
	name, display string
	kind, state   uint32
	controls      uint32
	exit, exitOwn uint32
	pid           uint32
	inSystemProc  bool // lives in a process of the system that must go on
}

// config is a service's configuration, as the manager goes by it now.
type config struct {
	kind, start uint32
	path        string
	account     string
	depends     []string // groups have a + in front
}

// Where columns stand on a 64-bit system: ENUM_SERVICE_STATUS_PROCESSW,
// QUERY_SERVICE_CONFIGW, SERVICE_FAILURE_ACTIONSW, ENUM_SERVICE_STATUSW.
const (
	statusDisplay = 8
	statusStatus  = 16
	statusSize    = 56

	configPath    = 16
	configDepends = 40
	configAccount = 48
	configSize    = 64

	failureCount   = 24
	failureActions = 32
	failureSize    = 40

	dependentSize = 48
)

// block is what the system wrote, with the address it was written to: its strings
// are pointers into it.
type block struct {
	b    []byte
	base uint64
}

// from is what stands at a pointer, nothing where that is outside.
func (k block) from(pointer uint64) []byte {
	at := pointer - k.base
	if pointer == 0 || at >= uint64(len(k.b)) {
		return nil
	}
	return k.b[at:]
}

// maxText bounds one string.
const maxText = 64 << 10

// text is the string at the pointer that stands at off in row.
func (k block) text(row []byte, off int) string {
	b := k.from(binary.LittleEndian.Uint64(row[off:]))
	s, _ := cutText(b[:min(len(b), maxText)])
	return s
}

// list are the strings at that pointer, up to an empty one.
func (k block) list(row []byte, off int) []string {
	var all []string
	for b := k.from(binary.LittleEndian.Uint64(row[off:])); len(b) >= 2; {
		var s string
		if s, b = cutText(b); s == "" {
			break
		}
		all = append(all, s)
	}
	return all
}

// cutText reads UTF-16 up to its zero, and returns what stands behind that.
func cutText(b []byte) (text string, rest []byte) {
	var wide []uint16
	for ; len(b) >= 2; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			return string(utf16.Decode(wide)), b[2:]
		}
		wide = append(wide, c)
	}
	return string(utf16.Decode(wide)), nil
}

// parseStatuses decodes n rows of EnumServicesStatusEx, as many as are there.
func parseStatuses(k block, n int) []status {
	var all []status
	for at := 0; len(all) < n && at+statusSize <= len(k.b); at += statusSize {
		row := k.b[at:]
		num := func(i int) uint32 { return binary.LittleEndian.Uint32(row[statusStatus+4*i:]) }
		all = append(all, status{
			name: k.text(row, 0), display: k.text(row, statusDisplay),
			kind: num(0), state: num(1), controls: num(2), exit: num(3), exitOwn: num(4), pid: num(7), inSystemProc: num(8)&1 != 0,
		})
	}
	return all
}

// parseConfig decodes the answer of QueryServiceConfig.
func parseConfig(k block) (config, bool) {
	if len(k.b) < configSize {
		return config{}, false
	}
	return config{kind: binary.LittleEndian.Uint32(k.b), start: binary.LittleEndian.Uint32(k.b[4:]), path: k.text(k.b, configPath),
		account: k.text(k.b, configAccount), depends: k.list(k.b, configDepends)}, true
}

// parseFailure tells what brings a service back that ended by itself: "no" or
// "on-failure".
func parseFailure(k block) string {
	const restart = 1
	if len(k.b) < failureSize {
		return ""
	}
	actions := k.from(binary.LittleEndian.Uint64(k.b[failureActions:]))
	for i := range min(int(binary.LittleEndian.Uint32(k.b[failureCount:])), len(actions)/8) {
		if binary.LittleEndian.Uint32(actions[8*i:]) == restart {
			return "on-failure"
		}
	}
	return "no"
}

// parseDependents decodes n names of EnumDependentServices.
func parseDependents(k block, n int) []string {
	var all []string
	for at := 0; len(all) < n && at+dependentSize <= len(k.b); at += dependentSize {
		if name := k.text(k.b[at:], 0); name != "" {
			all = append(all, name)
		}
	}
	return all
}
