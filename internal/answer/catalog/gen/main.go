// Command gen writes package catalog's table from entries/*.toml. It is run by
// go generate in the folder of that package. With -ports FILE it writes
// ports.tsv instead, from a table of port, protocol, name and description.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/berthd/berth/internal/answer/catalog/source"
)

func main() {
	registry := flag.String("ports", "", "write ports.tsv from this table instead")
	flag.Parse()
	if err := run(*registry); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(registry string) error {
	if registry != "" {
		return ports(registry)
	}
	return entries()
}

func entries() error {
	files, err := filepath.Glob("entries/*.toml")
	if err != nil {
		return err
	}
	var rows []source.Row
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		more, err := source.Load(name, text)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	if err := source.Check(rows); err != nil {
		return err
	}
	table, err := source.Table(rows)
	if err != nil {
		return err
	}
	return os.WriteFile("table_gen.go", table, 0o644)
}

func ports(registry string) error {
	text, err := os.ReadFile(registry)
	if err != nil {
		return err
	}
	table, err := source.Ports(registry, text)
	if err != nil {
		return err
	}
	return os.WriteFile("ports.tsv", table, 0o644)
}
