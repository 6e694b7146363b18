package record

import "strings"

// maxFields bounds the properties of one object.
const maxFields = 256

// list reads "Name : Value" and "Name=Value", one property a line, up to an empty
// line or the second of one name.
func list(lines []string, i int) ([]Record, int) {
	if _, _, ok := property(lines[i]); !ok {
		return nil, 0
	}
	r := Record{Line: i}
	n := 0
	for i+n < len(lines) && len(r.fields) < maxFields {
		name, value, ok := property(lines[i+n])
		if !ok && n > 0 && wrapped(lines[i+n], lines[i]) {
			r.fields[len(r.fields)-1].value += strings.TrimSpace(lines[i+n])
			n++
			continue
		}
		if !ok || has(names(r.fields), name) {
			break
		}
		r.fields = append(r.fields, field{name, value})
		n++
	}
	r.Kind, r.Last = kindOf(names(r.fields), false), i+n-1
	if r.Kind == "" || r.key() == "" {
		return nil, 0
	}
	return []Record{r}, n
}

func property(line string) (name, value string, ok bool) {
	if at := strings.IndexAny(line, ":="); at > 0 {
		name, value = strings.TrimSpace(line[:at]), line[at+1:]
		gap := line[at] == ':' && (value == "" || value[0] == ' ' || value[0] == '\t')
		capital := name != "" && 'A' <= name[0] && name[0] <= 'Z'
		return name, strings.TrimSpace(value), capital && word(name) && (gap || line[at] == '=' && name == line[:at])
	}
	return "", "", false
}

// wrapped tells whether line goes on with the value of a list whose first line is
// first: PowerShell indents it to the column of the values.
func wrapped(line, first string) bool {
	at := strings.IndexByte(first, ':')
	indent := len(line) - len(strings.TrimLeft(line, " "))
	return at > 0 && indent >= at+2 && indent < len(line)
}

// csv reads wmic /format:csv: a line of names that begins with Node, and rows.
func csv(lines []string, i int) ([]Record, int) {
	if !strings.HasPrefix(strings.TrimSpace(lines[i]), "Node,") { // the machine's name comes first
		return nil, 0
	}
	names := strings.Split(strings.TrimSpace(lines[i]), ",")
	kind := kindOf(names, true)
	if kind == "" {
		return nil, 0
	}
	var out []Record
	n := 1
	for ; i+n < len(lines) && len(out) < maxRows; n++ {
		if strings.TrimSpace(lines[i+n]) == "" {
			continue
		}
		values := strings.Split(lines[i+n], ",")
		if len(values) < len(names) {
			break
		}
		out = append(out, Record{Kind: kind, Line: i + n, Last: i + n, fields: around(names, values)})
	}
	return out, n
}

// around pairs names and values from both ends; commas too many belong to the
// command line, which wmic does not quote.
func around(names, values []string) []field {
	extra := len(values) - len(names)
	out := make([]field, 0, len(names))
	at := 0
	for _, name := range names {
		take := 1
		if extra > 0 && strings.EqualFold(name, "CommandLine") {
			take += extra
			extra = 0
		}
		to := min(at+take, len(values))
		out = append(out, field{name, strings.TrimSpace(strings.Join(values[at:to], ","))})
		at = to
	}
	return out
}
