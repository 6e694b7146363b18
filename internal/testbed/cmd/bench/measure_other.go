//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
)

func diagnose(context.Context, options, io.Writer) error {
	return errors.New("bench diagnose runs on Linux only")
}

func windows(context.Context, options, io.Writer) error {
	return errors.New("bench windows runs on Linux only, under Wine")
}
