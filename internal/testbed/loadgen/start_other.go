//go:build !linux

package main

import (
	"errors"
	"net"
	"os/exec"
	"time"
)

func start(int, int, time.Duration, *net.TCPListener) ([]*exec.Cmd, error) {
	return nil, errors.New("loadgen runs on Linux only")
}
