// Package holder is the program that scripts and tests start to have a port held,
// in each of the ways in which real programs hold one.
//
// Every form but one says "ready" on a line of its own once the port stands as asked,
// and ends when it is killed, or when its standard input, where that is a pipe, ends.
package holder

import (
	"fmt"
	"io"
	"os"
	"time"
)

// usage lists the forms; those after the first four exist on Linux only.
const usage = `usage: holder FORM

  listen [FLAG...] ADDR...    TCP listeners
  udp [FLAG...] ADDR...       UDP sockets
  http PREFIX...              registrations with HTTP.sys, on Windows only
  service NAME=ADDR...        Windows services in one process, each with a listener, as
                              the service manager starts them; says no "ready".
                              With ",hangs" behind ADDR one hangs when it is stopped,
                              with ",yields" it closes its listener when it is told to
                              read its parameters again
  bound [FLAG...] ADDR        a TCP socket that is bound and never listens
  workers N ADDR              a listener, and N processes of the same program that share it
  heir ADDR CMD...            a listener, and a CMD that inherits its descriptor
  dial ADDR                   a connection to ADDR, from a port that the system chooses
  left ADDR                   a connection of a listener that has ended
  ended ADDR                  nothing but a connection in TIME_WAIT
  flashes N ADDR              processes that listen for a moment and end, N at a time
  hostile ADDR                a listener of a program whose name, path and words are hostile,
                              made in a new folder of the working folder

FLAG is noreuse (no SO_REUSEADDR), reuseport or v6only.
`

// Main runs the form that the arguments of the process name.
func Main() {
	if len(os.Args) < 3 {
		fail(2, usage)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fail(1, err.Error()+"\n")
	}
	stay()
}

func fail(code int, text string) {
	io.WriteString(os.Stderr, text)
	os.Exit(code)
}

// ready tells the one who waits that the port stands.
func ready() { fmt.Println("ready") }

// stay ends with the pipe at standard input; with anything else there it stays.
func stay() {
	if st, err := os.Stdin.Stat(); err == nil && st.Mode()&os.ModeNamedPipe != 0 {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	for {
		time.Sleep(time.Hour)
	}
}
