package script

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// dir is where a script's folder of scripts is, for rewrite.
type dir struct{}

// rewrite makes text the content of the script's own file name.
func rewrite(ts *testscript.TestScript, name, text string) error {
	path := filepath.Join(ts.Value(dir{}).(string), ts.Name()+".txtar")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	script := txtar.Parse(data)
	for i, f := range script.Files {
		if f.Name == name {
			script.Files[i].Data = []byte(text)
			return os.WriteFile(path, txtar.Format(script), 0o644)
		}
	}
	return fmt.Errorf("%s has no file %s", path, name)
}
