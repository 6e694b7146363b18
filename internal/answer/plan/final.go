package plan

import "errors"

// ErrFinal says that something cannot be put back: a process that has ended, a
// container that was removed when it stopped. What it was is in the text around it.
var ErrFinal = errors.New("cannot be taken back")

// ErrAlive says that a process was asked to end and has not.
var ErrAlive = errors.New("still runs")

// ErrMayEnd says that a process was asked to end, or killed, and was not seen to end:
// what it was sent cannot be taken back.
var ErrMayEnd = errors.New("may end yet")
