package diag_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"runtime"

	"github.com/berthd/berth/diag"
)

// A program that cannot have its port says who has it.
func Example() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(diag.Explain(err))
	}
	defer ln.Close()
	fmt.Println("listening")
	// Output: listening
}

// What stands behind a failed Listen can be looked at, too.
func ExampleExplain() {
	other, err := net.Listen("tcp", "127.0.0.1:0") // somebody has the port
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()

	_, err = net.Listen("tcp", other.Addr().String())
	var why *diag.Explained
	if errors.As(diag.Explain(err), &why) && runtime.GOOS == "linux" {
		fmt.Println(why.Who.Status, "by a", why.Who.Holders[0].Owner.Kind)
		fmt.Println(why.Check.Checks[0].Verdicts[0].Errno, "by the rule", why.Check.Checks[0].Verdicts[0].Rule)
	} else {
		fmt.Println("held by a process\nEADDRINUSE by the rule listener") // no reader here yet
	}
	// Output:
	// held by a process
	// EADDRINUSE by the rule listener
}

func ExampleWho() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	address := ln.Addr().String()

	held, err := diag.Who(context.Background(), address)
	if err != nil {
		log.Fatal(err)
	}
	ln.Close()
	free, err := diag.Who(context.Background(), address)
	if err != nil {
		log.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		fmt.Println(held.Status, "then", free.Status)
	} else {
		fmt.Println("held then free") // no reader here yet: both are "unknown"
	}
	// Output: held then free
}

// Check tells beforehand, by rule, whether a Listen would work.
func ExampleCheck() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()

	r, err := diag.Check(context.Background(), ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	switch r.Exit {
	case 0:
		fmt.Println("it would work")
	case 1:
		fmt.Println("it would fail")
	case 3:
		fmt.Println("it would fail") // for all that berth knows here yet: only a try can tell
	}
	// Output: it would fail
}
