// Command gen writes the JSON Schema of every api/v1 document from the Go types
// and their comments. Run it with go generate ./api/v1; a test of api/v1 fails
// while what it would write and what stands in the tree differ.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/api/v1/gen/schema"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	docs, err := schema.Comments(dir)
	if err != nil {
		return err
	}
	for kind, doc := range schema.Documents() {
		b, err := schema.Of(v1.API, kind, doc, docs)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "schema", kind+".json"), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
