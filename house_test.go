package berth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/berthd/berth"

// room is one package, with its files for every OS and without its tests.
type room struct {
	name    string // below internal/, else from the module root
	files   []*source
	imports map[string]string // import path to the place of one import
}

// source is one file of a room.
type source struct {
	path      string
	ast       *ast.File
	fset      *token.FileSet
	generated bool
}

// house parses every package once for all rules.
var house = sync.OnceValues(func() ([]*room, error) {
	byName := map[string]*room{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipDir(path, d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return addFile(byName, path)
	})
	return slices.SortedFunc(maps.Values(byName), func(a, b *room) int { return strings.Compare(a.name, b.name) }), err
})

// skipDir leaves out what is no package of this module.
func skipDir(path, name string) bool {
	return path != "." && strings.HasPrefix(name, ".") || name == "testdata" || path == "scripts"
}

func addFile(byName map[string]*room, path string) error {
	s, err := parse(path)
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/")
	r := byName[name]
	if r == nil {
		r = &room{name: name, imports: map[string]string{}}
		byName[name] = r
	}
	r.files = append(r.files, s)
	for _, imp := range s.ast.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return err
		}
		r.imports[p] = s.at(imp)
	}
	return nil
}

func rooms(t *testing.T) []*room {
	t.Helper()
	all, err := house()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}

func roomNames(t *testing.T) []string {
	var names []string
	for _, r := range rooms(t) {
		names = append(names, r.name)
	}
	return names
}

// roomImports are the rooms that r imports, each with the place of the import.
func (r *room) roomImports() map[string]string {
	got := map[string]string{}
	for imp, at := range r.imports {
		if imp == module {
			got["."] = at
		}
		if name, ok := strings.CutPrefix(imp, module+"/"); ok {
			got[strings.TrimPrefix(name, "internal/")] = at
		}
	}
	return got
}

// uses are the places where r names what, a package and an exported name of it.
func (r *room) uses(what string) []string {
	pkg, name, _ := strings.Cut(what, ".")
	var places []string
	for _, s := range r.files {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != name {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == pkg {
				places = append(places, s.at(n))
			}
			return true
		})
	}
	return places
}

// at is the place of a node, as an editor takes it.
func (s *source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// lines is how many lines a node spans.
func (s *source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// code is how many lines of the file hold code: neither blank nor comment alone.
func (s *source) code() int {
	lines := map[int]bool{}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n.(type) {
		case nil:
			return false
		case *ast.CommentGroup, *ast.Comment:
			return false
		}
		lines[s.fset.Position(n.Pos()).Line] = true
		lines[s.fset.Position(n.End()-1).Line] = true
		return true
	})
	return len(lines)
}

func parse(path string) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{path: path, ast: file, fset: fset, generated: ast.IsGenerated(file)}, nil
}

func keys[M ~map[K]V, K comparable, V any](m M) []K { return slices.Collect(maps.Keys(m)) }
