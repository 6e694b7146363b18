package diag_test

import (
	"context"
	"fmt"
	"net"

	"github.com/berthd/berth/diag"
)

// A program whose Listen failed prints who has the port.
func ExampleExplain() {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer other.Close()

	ln, err := net.Listen("tcp", other.Addr().String())
	if err != nil {
		fmt.Println(diag.Explain(err) != nil)
		return
	}
	ln.Close()
	// Output: true
}

func ExampleWho() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	port := ln.Addr().(*net.TCPAddr).Port

	r, err := diag.Who(context.Background(), fmt.Sprintf("127.0.0.1:%d/tcp", port))
	fmt.Println(r.Status, err)

	ln.Close()
	r, err = diag.Who(context.Background(), fmt.Sprintf("127.0.0.1:%d/tcp", port))
	fmt.Println(r.Status, err)
	// Output:
	// held <nil>
	// free <nil>
}

func ExampleCheck() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()

	r, err := diag.Check(context.Background(), ln.Addr().String())
	fmt.Println(r.Checks[0].Verdicts[0].Rule, r.Checks[0].Verdicts[0].Errno, err)
	// Output: listener EADDRINUSE <nil>
}
