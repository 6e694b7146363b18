package listing

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// maxDocuments bounds the JSON documents that are tried in one text.
const maxDocuments = 16

// document is one JSON document of a text and the bindings in it.
type document struct {
	span Span
	rows []Certificate
}

// jsonDocuments finds the output of `netsh http show sslcert json=enable`: a
// document that begins on a line of its own, with objects that hold a binding.
func jsonDocuments(lines []string) []document {
	var out []document
	for i, tries := 0, 0; i < len(lines) && tries < maxDocuments; i++ {
		if head := strings.Trim(lines[i], " \t\r\ufeff"); !strings.HasPrefix(head, "{") && !strings.HasPrefix(head, "[{") && head != "[" {
			continue
		}
		tries++
		text := strings.TrimPrefix(strings.Join(lines[i:], "\n"), "\ufeff")
		dec := json.NewDecoder(strings.NewReader(text))
		var v any
		if dec.Decode(&v) != nil {
			continue
		}
		d := document{span: Span{From: i, To: i + 1 + strings.Count(text[:dec.InputOffset()], "\n")}}
		d.walk(v, i+1)
		out = append(out, d)
		i = d.span.To - 1
	}
	return out
}

// walk collects bindings; encoding/json itself bounds how deep v is.
func (d *document) walk(v any, line int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			d.walk(e, line)
		}
	case map[string]any:
		if c, ok := binding(v); ok {
			c.Line = line
			d.rows = append(d.rows, c)
			return
		}
		for _, name := range names(v) {
			d.walk(v[name], line)
		}
	}
}

func names(object map[string]any) []string {
	out := make([]string, 0, len(object))
	for name := range object {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// binding reads one object. The names of its fields differ between the descriptions
// of it, so values count; a name decides only where a value could be anything.
func binding(object map[string]any) (c Certificate, ok bool) {
	for _, name := range names(object) {
		lower := strings.ToLower(name)
		switch v := object[name].(type) {
		case string:
			c.text(lower, strings.TrimSpace(v))
		case float64:
			if c.Key == "" && strings.Contains(lower, "ccs") && v > 0 && v < 65536 && v == float64(uint16(v)) {
				c.key(jsonPort(uint16(v)))
			}
		case []any:
			if strings.HasSuffix(lower, "hash") {
				c.Hash = hashOfNumbers(v)
			}
		}
	}
	if c.Key == "" || c.Hash == "" && c.AppID == "" {
		return Certificate{}, false
	}
	if c.Hash == "" && c.Kind == "hostnameport" {
		c.Kind = "scopedccs"
	}
	return c, true
}

func jsonPort(n uint16) string {
	data, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return string(data)
}

// text reads one field that is a string.
func (c *Certificate) text(name, v string) {
	switch raw, err := base64.StdEncoding.DecodeString(v); {
	case strings.HasSuffix(name, "certstorename"):
		if v != "(null)" {
			c.Store = v
		}
	case isHash(v):
		c.Hash = strings.ToLower(v)
	case strings.HasSuffix(name, "hash") && err == nil && (len(raw) == 20 || len(raw) == 32):
		c.Hash = hex.EncodeToString(raw)
	case isGUID("{" + strings.Trim(v, "{}") + "}"):
		c.AppID = "{" + strings.ToLower(strings.Trim(v, "{}")) + "}"
	case c.Key == "" && strings.Contains(v, ":"):
		c.key(v)
	}
}

// hashOfNumbers is a hash that is written as its bytes.
func hashOfNumbers(v []any) string {
	if len(v) != 20 && len(v) != 32 {
		return ""
	}
	var out []byte
	for _, e := range v {
		n, ok := e.(float64)
		if !ok || n != float64(byte(n)) {
			return ""
		}
		out = append(out, byte(n))
	}
	return hex.EncodeToString(out)
}
