//go:build !linux

package main

import "errors"

func count(uint16) (int, error) { return 0, errors.New("baredump runs on Linux only") }
