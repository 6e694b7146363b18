package script

import (
	"fmt"
	"io"
	"net"
	"os"
)

// holder is the program that scripts start in the background to have a port
// held. It says "ready" and ends when its standard input ends or it is killed.
//
//	holder listen ADDR...   TCP listeners
//	holder udp ADDR...      UDP sockets
func holder() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: holder listen|udp ADDR...")
		os.Exit(2)
	}
	for _, addr := range os.Args[2:] {
		if err := hold(os.Args[1], addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	select {}
}

func hold(how, addr string) error {
	if how == "udp" {
		_, err := net.ListenPacket("udp", addr)
		return err
	}
	_, err := net.Listen("tcp", addr)
	return err
}
