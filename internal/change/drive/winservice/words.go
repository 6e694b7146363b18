package winservice

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"
)

// Error numbers of the manager.
const (
	accessDenied     syscall.Errno = 5
	invalidLevel     syscall.Errno = 124
	dependentsRun    syscall.Errno = 1051
	controlInvalid   syscall.Errno = 1052
	requestTimeout   syscall.Errno = 1053
	alreadyRunning   syscall.Errno = 1056
	serviceDisabled  syscall.Errno = 1058
	noSuchService    syscall.Errno = 1060
	notAtThisTime    syscall.Errno = 1061
	notActive        syscall.Errno = 1062
	dependencyFailed syscall.Errno = 1068
	markedForDelete  syscall.Errno = 1072
)

func is(err error, n syscall.Errno) bool { return errors.Is(err, n) }

// said adds what was asked to the manager's answer.
func said(what string, err error) error {
	switch {
	case is(err, accessDenied):
		return fmt.Errorf("%s: %w (error 5 of the service manager; an administrator may, unless the system protects the service)", what, fs.ErrPermission)
	case is(err, serviceDisabled):
		return fmt.Errorf("%s: it is disabled (1058), and starts only when its start type is another: %w", what, err)
	case is(err, dependencyFailed):
		return fmt.Errorf("%s: a service that it depends on did not start (1068): %w", what, err)
	case is(err, markedForDelete):
		return fmt.Errorf("%s: it is marked for deletion (1072) and goes when its last user does: %w", what, err)
	case is(err, controlInvalid):
		return fmt.Errorf("%s: it does not take that control (1052): %w", what, err)
	}
	var n syscall.Errno
	if errors.As(err, &n) {
		return fmt.Errorf("%s: error %d: %w", what, uint(n), err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// control is what a running service can be told.
type control uint32

const (
	controlStop     control = 1
	controlPause    control = 2
	controlContinue control = 3
)

// States of a service.
const (
	stopped         = 1
	startPending    = 2
	stopPending     = 3
	running         = 4
	continuePending = 5
	pausePending    = 6
	paused          = 7
)

func stateWord(n uint32) string {
	if n < stopped || n > paused {
		return strconv.Itoa(int(n))
	}
	return [...]string{"stopped", "start-pending", "stop-pending", "running", "continue-pending", "pause-pending", "paused"}[n-1]
}

// Start types of a service.
const (
	auto     = 2
	disabled = 4
)

func startWord(c config) string {
	switch {
	case c.start == auto && c.delayed:
		return "auto-delayed"
	case c.start > disabled:
		return strconv.Itoa(int(c.start))
	}
	return [...]string{"boot", "system", "auto", "manual", "disabled"}[c.start]
}

// startType is the start type of a word.
func startType(word string) (config, bool) {
	for n := range uint32(disabled + 1) {
		for _, delayed := range [...]bool{false, true} {
			if c := (config{start: n, delayed: delayed}); startWord(c) == word {
				return c, true
			}
		}
	}
	return config{}, false
}

// driver tells whether a type of service is a driver's: it lives in the kernel.
func driver(kind uint32) bool { return kind&0x0b != 0 }

// ended is why a service stopped, in a few words.
func ended(s status) string {
	const own, never = 1066, 1077
	switch s.exit {
	case 0:
		return "it reported no error"
	case own:
		return fmt.Sprintf("its own error %d", s.exitOwn)
	case never:
		return "it never ran (1077)"
	}
	return fmt.Sprintf("error %d", s.exit)
}
