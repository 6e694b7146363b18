package berth_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Nothing runs before main, and no package remembers anything by itself: no init,
// and no package variable but those below.
//
//   - `var _ T = v`, which says that v is a T
//   - sentinel errors: errors.New and fmt.Errorf
//   - embedded files
//   - tables written out in place (arrays, slices, structs, numbers, strings) that
//     the linker lays out and that nothing in the package writes to; the address
//     of one element may be taken, to read it
//
// A map, a compiled expression or any other call would be made at every start, and
// a table that is written to is state. Tests and the testbed are free.
func TestNoInitNoPackageState(t *testing.T) {
	for _, r := range rooms(t) {
		if strings.HasPrefix(r.name, "testbed") {
			continue
		}
		tables := map[string]bool{}
		for _, s := range r.files {
			if s.generated {
				continue
			}
			checkDecls(t, s, tables)
		}
		for _, s := range r.files {
			checkWrites(t, s, tables)
		}
	}
}

// checkDecls reports init functions and forbidden variables, and notes the tables.
func checkDecls(t *testing.T, s *source, tables map[string]bool) {
	t.Helper()
	for _, d := range s.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				t.Errorf("%s: no init functions", s.at(d))
			}
		case *ast.GenDecl:
			if d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				checkVar(t, s, d, spec.(*ast.ValueSpec), tables)
			}
		}
	}
}

func checkVar(t *testing.T, s *source, d *ast.GenDecl, v *ast.ValueSpec, tables map[string]bool) {
	t.Helper()
	if embedded(d, v) {
		return
	}
	for i, name := range v.Names {
		switch {
		case name.Name == "_":
		case len(v.Values) != len(v.Names):
			t.Errorf("%s: %s is a package variable without a value of its own: state", s.at(name), name.Name)
		case sentinel(v.Values[i]):
		case laidOut(v.Values[i]):
			tables[name.Name] = true
		default:
			t.Errorf("%s: %s is made at every start", s.at(name), name.Name)
		}
	}
}

func embedded(d *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{d.Doc, v.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

func sentinel(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	return names(call.Fun, "errors", "New") || names(call.Fun, "fmt", "Errorf")
}

func names(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// laidOut reports whether the linker can lay out a value: literals of arrays,
// slices and structs all the way down, names, and conversions of literals.
func laidOut(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.MapType:
			ok = false
		case *ast.CallExpr:
			ok = ok && len(n.Args) == 1 && conversion(n.Fun)
		case *ast.FuncLit:
			return false
		}
		return ok
	})
	return ok
}

func conversion(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.ArrayType:
		return true
	case *ast.Ident:
		return strings.HasPrefix(f.Name, "int") || strings.HasPrefix(f.Name, "uint") || f.Name == "byte" || f.Name == "string" || f.Name == "len"
	}
	return false
}

// checkWrites reports assignments to tables. A local variable of the same name in
// the same file hides a table from this check only where it is declared by :=.
func checkWrites(t *testing.T, s *source, tables map[string]bool) {
	t.Helper()
	for _, f := range functions(s) {
		local := declared(f)
		target := func(e ast.Expr) {
			if name := base(e); tables[name] && !local[name] {
				t.Errorf("%s: %s is a package variable and must not be written to", s.at(e), name)
			}
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						target(e)
					}
				}
			case *ast.IncDecStmt:
				target(n.X)
			case *ast.UnaryExpr:
				if _, element := n.X.(*ast.IndexExpr); n.Op == token.AND && !element {
					target(n.X)
				}
			}
			return true
		})
	}
}

// declared are the names that a function declares: parameters, results, := and var.
func declared(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					names[base(e)] = true
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.RangeStmt:
			names[base(n.Key)], names[base(n.Value)] = true, true
		}
		return true
	})
	return names
}

// base is the variable that x, x[i], x.f and *x are parts of.
func base(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return ""
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
