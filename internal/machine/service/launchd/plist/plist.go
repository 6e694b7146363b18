// Package plist reads property lists, macOS' form of configuration: as XML and as
// binary.
//
// It reads what jobs of launchd are made of, dictionaries, arrays, strings, booleans
// and whole numbers; dates, data and fractions come out as nothing. A library would
// bring reflection, encoders and two further forms for this one use, and no bounds: a
// file here is anybody's, so that its size, its depth and the number of its parts are
// limited, however its references are tied.
//
// It is pure and needs nothing of macOS.
package plist

import (
	"bytes"
	"errors"
)

// Limits of what is read.
const (
	MaxSize  = 1 << 20 // bytes of a file
	maxDepth = 32
	maxParts = 1 << 16
)

// Dict is a dictionary. Values are Dict, []any, string, bool, int64, or nil.
type Dict map[string]any

// Errors of [Parse].
var (
	ErrShape = errors.New("no property list")
	ErrLarge = errors.New("a property list beyond the limits")
)

// Parse reads a property list whose outermost part is a dictionary, as those of
// launchd are.
func Parse(b []byte) (Dict, error) {
	if len(b) > MaxSize {
		return nil, ErrLarge
	}
	parse := parseXML
	if bytes.HasPrefix(b, []byte("bplist0")) {
		parse = parseBinary
	}
	v, err := parse(b)
	if err != nil {
		return nil, err
	}
	d, ok := v.(Dict)
	if !ok {
		return nil, ErrShape
	}
	return d, nil
}

// Text is the string at key, "" where there is none.
func (d Dict) Text(key string) string {
	s, _ := d[key].(string)
	return s
}

// True tells whether key is true.
func (d Dict) True(key string) bool {
	b, _ := d[key].(bool)
	return b
}

// Texts are the strings of the array at key.
func (d Dict) Texts(key string) []string {
	list, _ := d[key].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Dicts are the dictionaries at key: one, or those of an array.
func (d Dict) Dicts(key string) []Dict {
	switch v := d[key].(type) {
	case Dict:
		return []Dict{v}
	case []any:
		var out []Dict
		for _, e := range v {
			if one, ok := e.(Dict); ok {
				out = append(out, one)
			}
		}
		return out
	}
	return nil
}
