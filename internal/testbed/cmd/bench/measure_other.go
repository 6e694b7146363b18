//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
)

func measure(context.Context, options, io.Writer) error {
	return errors.New("bench diagnose runs on Linux only")
}
