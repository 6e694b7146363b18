//go:build !linux

package holder

import (
	"fmt"
	"net"
	"os"
)

func run(form string, addrs []string) error {
	switch form {
	case "http":
		if err := register(addrs); err != nil {
			return err
		}
		addrs = nil
	case "service":
		err := services(addrs)
		if err == nil {
			os.Exit(0)
		}
		return err
	}
	for _, addr := range addrs {
		if err := hold(form, addr); err != nil {
			return err
		}
	}
	ready()
	return nil
}

func hold(form, addr string) error {
	switch form {
	case "listen":
		_, err := net.Listen("tcp", addr)
		return err
	case "udp":
		_, err := net.ListenPacket("udp", addr)
		return err
	}
	return fmt.Errorf("holder %s: not on this system", form)
}

// Init is the first process of a PID namespace, which this system does not have.
func Init() { fail(2, "init: not on this system\n") }
