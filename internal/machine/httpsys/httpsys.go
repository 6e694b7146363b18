// Package httpsys reads what Windows' kernel HTTP listener, HTTP.sys, says of
// itself: request queues, the URLs registered behind them, the processes that
// serve them, and who may register what.
//
// There is no documented call that lists another program's live registrations,
// so the source is the text of `netsh http show servicestate`, whose every label
// is translated. [ParseState] and [ParseReservations] therefore go by shape
// alone (indentation, "label: value", URLs, 16-digit IDs, decimals, paths) and
// never by words. They are pure, work on every OS, need no privilege and do not
// block. How sure a tie between a URL and a queue is, is part of the answer:
// where two queues cannot be told apart, the URL belongs to one of them.
package httpsys

import (
	"strings"

	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// The commands that would tell what a listing leaves open.
const (
	hintQueues = "netsh http show servicestate view=requestq"
)

// KernelHolder tells whether the owner that Windows names for a listening TCP
// socket is the kernel's HTTP listener rather than a program: PID 4, "System",
// or, under Wine, the host of its driver. image is the owner's image name or
// path, "" where it is not known. The same owner also holds the sockets of other
// kernel components (SMB on 445, NetBT on 139): it makes a registration
// possible, not certain.
func KernelHolder(pid int, image string) bool {
	name := baseName(image)
	if strings.EqualFold(name, "winedevice.exe") {
		return true
	}
	return pid == 4 && !strings.HasSuffix(strings.ToLower(name), ".exe")
}

// baseName is the last part of a Windows path.
func baseName(path string) string {
	return path[strings.LastIndexAny(path, `\/`)+1:]
}

// Span is a stretch of lines that ParseState or ParseReservations can read.
type Span = shape.Span

// URL is a prefix as HTTP.sys prints it, taken apart.
type URL = shape.URL

// ParseURL takes a prefix apart; see [shape.ParseURL].
func ParseURL(text string) (URL, bool) { return shape.ParseURL(text) }

// Readable makes a line of an OEM code page valid; see [shape.Readable].
func Readable(line string) string { return shape.Readable(line) }

// line is a line of a listing; its kind says what it looks like.
type line = shape.Line
