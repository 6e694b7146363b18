package script

import (
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	v1 "github.com/berthd/berth/api/v1"
)

func fitsSchema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: schema KIND")
	}
	ts.Check(Fits(args[0], []byte(ts.ReadFile("stdout"))))
}

// Fits holds one document to the schema of kind.
func Fits(kind string, doc []byte) error {
	raw, _ := v1.Schema(kind)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(kind, parsed); err != nil {
		return err
	}
	s, err := c.Compile(kind)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(doc)))
	if err != nil {
		return err
	}
	return s.Validate(value)
}
