package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
)

// own is the program that has a port, in two steps: "orphan" starts "hold" and
// ends, so that the holder's parent is the first process, as a service's is.
func own(step, port string) error {
	if step == "orphan" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		cmd := exec.Command(self, "hold", port)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Start()
	}
	l, err := net.Listen("tcp4", "0.0.0.0:"+port)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Println(os.Getpid())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
