// Package record reads what prints objects by the names of their properties, which
// no language changes: PowerShell's tables and lists, wmic and ps.
//
//	LocalAddress LocalPort State  OwningProcess      LocalPort     : 80
//	------------ --------- -----  -------------      OwningProcess : 4
//	::           80        Listen 4
//
// A stretch is a record only where its names are those of sockets, processes or
// services. The package is pure and knows no facts: text in, names and values out.
package record

import "strings"

// Record is one object.
type Record struct {
	Kind   Kind
	Line   int // index of its first line
	Last   int // and of its last
	fields []field
}

// Kind is what an object is.
type Kind string

// The kinds, by the names that make them out.
const (
	Socket  Kind = "socket"  // Get-NetTCPConnection, Get-NetUDPEndpoint
	Process Kind = "process" // Get-Process, Get-CimInstance Win32_Process, wmic process, ps
	Service Kind = "service" // Get-Service, Get-CimInstance Win32_Service, wmic service
)

type field struct{ name, value string }

// Get is the value of the first of some names, which compare without case; "" is
// none.
func (r Record) Get(names ...string) string {
	for _, n := range names {
		for _, f := range r.fields {
			if strings.EqualFold(f.name, n) && f.value != "" {
				return f.value
			}
		}
	}
	return ""
}

// Has tells whether r has a property of that name, with or without a value.
func (r Record) Has(name string) bool { return has(names(r.fields), name) }

// Find reads the records that begin at lines[i], and says how many lines it took,
// 0 where none begins there.
func Find(lines []string, i int) (rs []Record, n int) {
	for _, read := range [...]func([]string, int) ([]Record, int){table, list, csv, bare} {
		if rs, n = read(lines, i); n > 0 {
			return rs, n
		}
	}
	return nil, 0
}

// Unix tells whether r is a row of ps, which alone writes the names of its columns
// in capitals.
func (r Record) Unix() bool { return r.Kind == Process && unix(names(r.fields)) }

func unix(names []string) bool {
	return has(names, "PID", "Pid") && !has(names, "ProcessName", "ProcessId") && has(names, "COMMAND", "CMD", "COMM", "ARGS", "PPid")
}

func names(fs []field) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.name
	}
	return out
}

func has(names []string, any ...string) bool {
	for _, a := range any {
		for _, n := range names {
			if strings.EqualFold(a, n) {
				return true
			}
		}
	}
	return false
}

// kindOf tells what has properties of these names. Names that other things have as
// well (id and name in a configuration) count only under an underline.
func kindOf(names []string, underlined bool) Kind {
	switch {
	case has(names, "LocalPort") && has(names, "LocalAddress", "OwningProcess"):
		return Socket
	case has(names, "Name") && (has(names, "StartMode", "StartType", "PathName") || has(names, "Status") && has(names, "DisplayName")):
		return Service
	case has(names, "ProcessId", "PID") && has(names, "ProcessName", "ExecutablePath", "Path", "CommandLine", "COMMAND", "CMD", "COMM", "ARGS", "Name", "Caption"),
		has(names, "Id") && has(names, "ProcessName", "Handles", "SI"),
		has(names, "Id") && underlined && has(names, "Name", "Path"):
		return Process
	}
	return ""
}

// word tells whether s can be a property's name.
func word(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '(' && c != ')' && c != '_' && c != '%' && c != '+' && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return s != "" && len(s) <= 32
}
