package berth_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// Where it is time to stop and split.
const (
	maxFuncLines  = 80
	maxFileLines  = 500
	maxRoomCode   = 1500
	maxNesting    = 5
	maxCognitive  = 25
	maxInterface  = 5
	maxParameters = 6
)

func TestSizes(t *testing.T) {
	var funcs, minds, files, codes []int
	for _, r := range rooms(t) {
		code := 0
		for _, s := range r.files {
			if s.generated {
				continue
			}
			length := s.fset.File(s.ast.FileStart).LineCount()
			files = append(files, length)
			code += s.code()
			if length > maxFileLines {
				t.Errorf("%s: %d lines, more than %d", s.path, length, maxFileLines)
			}
			for _, f := range functions(s) {
				funcs = append(funcs, s.lines(f))
				minds = append(minds, cognitive(f.Body))
				checkFunction(t, s, f)
			}
			checkInterfaces(t, s)
		}
		codes = append(codes, code)
		if code > maxRoomCode {
			t.Errorf("%s: %d lines of code, more than %d", r.name, code, maxRoomCode)
		}
	}
	t.Logf("lines of a function: %s", spread(funcs))
	t.Logf("cognitive complexity of a function: %s", spread(minds))
	t.Logf("lines of a file: %s", spread(files))
	t.Logf("lines of code of a package: %s", spread(codes))
}

func functions(s *source) []*ast.FuncDecl {
	var all []*ast.FuncDecl
	for _, d := range s.ast.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			all = append(all, f)
		}
	}
	return all
}

func checkFunction(t *testing.T, s *source, f *ast.FuncDecl) {
	t.Helper()
	for _, limit := range []struct {
		what     string
		got, max int
	}{
		{"lines", s.lines(f), maxFuncLines},
		{"levels of nesting", nesting(f.Body), maxNesting},
		{"points of cognitive complexity", cognitive(f.Body), maxCognitive},
		{"parameters", f.Type.Params.NumFields(), maxParameters},
	} {
		if limit.got > limit.max {
			t.Errorf("%s: %s has %d %s, more than %d", s.at(f), f.Name.Name, limit.got, limit.what, limit.max)
		}
	}
}

func checkInterfaces(t *testing.T, s *source) {
	t.Helper()
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxInterface {
			t.Errorf("%s: an interface of %d methods, more than %d", s.at(n), i.Methods.NumFields(), maxInterface)
		}
		return true
	})
}

// nesting is how deep the statements that branch or loop stand in one another.
func nesting(body ast.Node) int {
	deepest := 0
	walkBranches(body, func(_ ast.Node, depth int) { deepest = max(deepest, depth) })
	return deepest
}

// cognitive is how much a reader must keep in mind: one for each break in the flow,
// one more for each level it is nested in, one for each change between && and ||.
func cognitive(body ast.Node) int {
	points := 0
	walkBranches(body, func(_ ast.Node, depth int) { points += depth })
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if left, ok := n.X.(*ast.BinaryExpr); isLogic(n.Op) && !(ok && left.Op == n.Op) {
				points++
			}
		case *ast.BranchStmt:
			if n.Label != nil {
				points++
			}
		case *ast.IfStmt:
			if n.Else != nil {
				points++
			}
		}
		return true
	})
	return points
}

func isLogic(op token.Token) bool { return op == token.LAND || op == token.LOR }

// walkBranches calls visit with each statement that branches or loops and its
// depth, the outermost being 1. An else-if is as deep as its if.
func walkBranches(body ast.Node, visit func(n ast.Node, depth int)) {
	var walk func(n ast.Node, depth int)
	walk = func(root ast.Node, depth int) {
		ast.Inspect(root, func(n ast.Node) bool {
			if n == root || n == nil {
				return true
			}
			switch n := n.(type) {
			case *ast.IfStmt:
				if outer, ok := root.(*ast.IfStmt); ok && outer.Else == n {
					walk(n, depth)
					return false
				}
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			default:
				return true
			}
			visit(n, depth+1)
			walk(n, depth+1)
			return false
		})
	}
	walk(body, 0)
}

// Every package and every exported name says what it promises.
func TestDocComments(t *testing.T) {
	for _, r := range rooms(t) {
		if !slices.ContainsFunc(r.files, func(s *source) bool { return s.ast.Doc != nil && !s.generated }) {
			t.Errorf("%s: package %s has no package comment", r.files[0].path, r.name)
		}
		for _, s := range r.files {
			if s.generated {
				continue
			}
			for _, d := range s.ast.Decls {
				checkDoc(t, s, d)
			}
		}
	}
}

func checkDoc(t *testing.T, s *source, d ast.Decl) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
			checkNamed(t, s, d, d.Name.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			checkSpec(t, s, d, spec)
		}
	}
}

func checkSpec(t *testing.T, s *source, d *ast.GenDecl, spec ast.Spec) {
	t.Helper()
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		doc := spec.Doc
		if doc == nil && len(d.Specs) == 1 {
			doc = d.Doc
		}
		if spec.Name.IsExported() {
			checkNamed(t, s, spec, spec.Name.Name, doc)
		}
	case *ast.ValueSpec: // a comment of the group speaks for all of it
		exported := slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported)
		if exported && spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
			t.Errorf("%s: %s has no comment", s.at(spec), spec.Names[0].Name)
		}
	}
}

// checkNamed wants a comment that begins with the name.
func checkNamed(t *testing.T, s *source, n ast.Node, name string, doc *ast.CommentGroup) {
	t.Helper()
	if doc == nil {
		t.Errorf("%s: %s has no comment", s.at(n), name)
		return
	}
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	if !strings.HasPrefix(text, name) {
		t.Errorf("%s: the comment on %s does not begin with its name", s.at(n), name)
	}
}

func exportedReceiver(recv *ast.FieldList) bool {
	if recv.NumFields() == 0 {
		return false
	}
	typ := recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// spread is the median, the 90th percentile and the largest of values.
func spread(values []int) string {
	slices.Sort(values)
	at := func(q int) int { return values[(len(values)-1)*q/100] }
	return strings.Join([]string{"median", itoa(at(50)), "p90", itoa(at(90)), "largest", itoa(at(100))}, " ")
}
