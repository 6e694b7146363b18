// Package schema makes JSON Schemas out of the Go types of api/v1.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	v1 "github.com/berthd/berth/api/v1"
)

// Documents returns a value of each kind of document, by kind.
func Documents() map[string]any {
	return map[string]any{
		"Check": v1.Check{}, "Error": v1.Error{}, "Explain": v1.Explain{}, "GuardEvent": v1.GuardEvent{}, "Installed": v1.Installed{}, "HTTP": v1.HTTP{}, "Ls": v1.Ls{}, "Overview": v1.Overview{}, "Profile": v1.Profile{},
		"SnapshotInfo": v1.SnapshotInfo{}, "Free": v1.Free{}, "Journal": v1.Journal{}, "Undo": v1.Undo{}, "Version": v1.Version{}, "Who": v1.Who{},
	}
}

// Notes are the comments of types ("Who") and of their fields ("Who.Status").
type Notes map[string]string

// Comments reads the comments of the Go package in dir.
func Comments(dir string) (Notes, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	out := Notes{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			out.decl(d)
		}
	}
	return out, nil
}

func (n Notes) decl(d ast.Decl) {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.TYPE {
		return
	}
	for _, s := range g.Specs {
		t := s.(*ast.TypeSpec)
		n[t.Name.Name] = oneLine(g.Doc.Text())
		if st, ok := t.Type.(*ast.StructType); ok {
			n.fields(t.Name.Name, st)
		}
	}
}

func (n Notes) fields(owner string, st *ast.StructType) {
	for _, f := range st.Fields.List {
		text := oneLine(f.Doc.Text() + " " + f.Comment.Text())
		for _, name := range f.Names {
			n[owner+"."+name.Name] = text
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Of is the schema of the documents of one kind, as indented JSON with a line end.
func Of(api, kind string, doc any, notes Notes) ([]byte, error) {
	m := maker{notes: notes, defs: map[string]any{}}
	root := m.object(reflect.TypeOf(doc))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://berthd.github.io/" + api + "/" + kind + ".json"
	root["title"] = kind
	props := root["properties"].(map[string]any)
	props["api"] = map[string]any{"const": api}
	props["kind"] = map[string]any{"const": kind}
	root["$defs"] = m.defs
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", kind, err)
	}
	return b.Bytes(), nil
}

type maker struct {
	notes Notes
	defs  map[string]any
}

// object is the schema of a struct; embedded structs are laid flat, as
// encoding/json does. New fields may come, so additional ones are allowed.
func (m maker) object(t reflect.Type) map[string]any {
	props, required := map[string]any{}, []string{}
	m.walk(t, props, &required)
	out := map[string]any{"type": "object", "properties": props, "required": required}
	if d := m.notes[t.Name()]; d != "" {
		out["description"] = d
	}
	return out
}

func (m maker) walk(t reflect.Type, props map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			m.walk(f.Type, props, required)
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := m.value(f.Type)
		if d := m.notes[t.Name()+"."+f.Name]; d != "" {
			p["description"] = d
		}
		props[name] = p
		if !strings.Contains(opts, "omit") {
			*required = append(*required, name)
		}
	}
}

func (m maker) value(t reflect.Type) map[string]any {
	if t == reflect.TypeFor[time.Time]() {
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.value(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": m.value(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": m.value(t.Elem())}
	case reflect.Struct:
		return m.ref(t)
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Uint16:
		return map[string]any{"type": "integer", "minimum": 0, "maximum": 65535}
	}
	return map[string]any{"type": "integer"}
}

func (m maker) ref(t reflect.Type) map[string]any {
	if _, done := m.defs[t.Name()]; !done {
		m.defs[t.Name()] = nil // a type that holds itself ends here
		m.defs[t.Name()] = m.object(t)
	}
	return map[string]any{"$ref": "#/$defs/" + t.Name()}
}
