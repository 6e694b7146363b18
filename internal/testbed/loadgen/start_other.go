//go:build !linux

package main

import (
	"errors"
	"net"
)

var errLinux = errors.New("loadgen runs on Linux only")

func (s *starter) connections(int) error { return errLinux }

func (s *starter) sleepers(load, *net.TCPListener) error { return errLinux }
