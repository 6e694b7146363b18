// Command berth tells whose port it is, and why a bind fails.
package main

import (
	"os"

	"github.com/berthd/berth/internal/talk/cli"
)

// version is set by the release build.
var version = "0.1.0-dev"

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Version: version}))
}
