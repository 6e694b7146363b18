//go:build !windows && !linux

package holder

import "errors"

func register([]string) error { return errors.New("holder http: not on this system") }

func services([]string) error { return errors.New("holder service: not on this system") }
