// Command baredump asks the Linux kernel for the sockets of one port and prints
// how many it named: no owner, no names, nothing else. It is what `berth who PORT`
// is measured against, so it asks for what berth asks for, in as many dumps: TCP
// that listens or is bound, IPv4 and IPv6 in one walk, and UDP, UDP-Lite and SCTP
// without a peer, each family by itself. A protocol that this kernel does not have
// costs its refusal.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: baredump PORT")
	}
	port, err := strconv.ParseUint(os.Args[1], 10, 16)
	if err != nil {
		fail("not a port: " + os.Args[1])
	}
	rows, err := count(uint16(port))
	if err != nil {
		fail(err.Error())
	}
	fmt.Println(rows)
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, "error:", text)
	os.Exit(1)
}
