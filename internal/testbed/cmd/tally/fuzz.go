package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// listFuzz prints a line "PACKAGE TARGET" for each fuzz target of the module.
func listFuzz(w io.Writer) error {
	cmd := exec.Command("go", "test", "-json", "-list", "^Fuzz", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := printTargets(w, out); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("fuzz targets of packages that do not build are missing: %w", err)
	}
	return nil
}

func printTargets(w io.Writer, r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue
		}
		if name := strings.TrimSpace(e.Output); e.Action == "output" && strings.HasPrefix(name, "Fuzz") {
			fmt.Fprintln(w, e.Package, name)
		}
	}
	return lines.Err()
}
