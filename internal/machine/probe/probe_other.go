//go:build !linux && !darwin && !windows

package probe

import (
	"net/netip"
	"runtime"
)

type socket struct{}

func (socket) close()                     {}
func (socket) took(netip.AddrPort) string { return "" }
func notHere(Request) string              { return "no probe for " + runtime.GOOS }
func open(Request) (socket, Result)       { return socket{}, Result{} }

func errnoOf(error) (number int, name, text string, ok bool) { return 0, "", "", false }
