// Command man writes berth's manual pages into a folder: go run
// ./internal/talk/cli/man DIR. It is a program of its own, so that berth itself
// does not carry the library that formats them.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra/doc"

	"github.com/berthd/berth/internal/talk/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "error: one folder is needed\nhint: go run ./internal/talk/cli/man man/")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	date := time.Unix(0, 0).UTC() // the same pages from the same sources
	return doc.GenManTree(cli.Tree(), &doc.GenManHeader{Title: "BERTH", Section: "1", Source: "berth", Manual: "berth", Date: &date}, dir)
}
