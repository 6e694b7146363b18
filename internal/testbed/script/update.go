package script

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// dir is where a script's folder of scripts is, for rewrite.
type dir struct{}

// rewrite makes text the content of the script's own file name, if scripts are to
// be rewritten and this one has the file.
func rewrite(ts *testscript.TestScript, name, text string) bool {
	if os.Getenv("BERTH_UPDATE") != "1" {
		return false
	}
	path := filepath.Join(ts.Value(dir{}).(string), ts.Name()+".txtar")
	script, err := txtar.ParseFile(path)
	ts.Check(err)
	for i, f := range script.Files {
		if f.Name == name {
			script.Files[i].Data = []byte(text)
			ts.Check(os.WriteFile(path, txtar.Format(script), 0o644))
			return true
		}
	}
	return false
}
