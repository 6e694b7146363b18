package nginx

import "bytes"

// luaBlock returns how many bytes a Lua block takes, its closing brace included.
// Braces in strings, long brackets and comments do not count.
func luaBlock(data []byte) (int, bool) {
	depth := 1
	for i := 0; i < len(data); {
		switch c := data[i]; c {
		case '{':
			depth++
			i++
		case '}':
			i++
			if depth--; depth == 0 {
				return i, true
			}
		case '"', '\'', '[', '-':
			n, ok := luaSkip(data[i:])
			if !ok {
				return 0, false
			}
			i += n
		default:
			i++
		}
	}
	return 0, false
}

// luaSkip returns the length of the string, long bracket or comment that data begins
// with, or 1 where it begins with none of them.
func luaSkip(data []byte) (int, bool) {
	switch {
	case data[0] == '[':
		return luaLong(data)
	case data[0] != '-':
		return luaString(data)
	case !bytes.HasPrefix(data, []byte("--")):
		return 1, true
	}
	if n, ok := luaLong(data[2:]); !ok || n > 1 {
		return n + 2, ok
	}
	end := bytes.IndexByte(data, '\n')
	return end, end >= 0
}

// luaLong returns the length of [[...]] or [=[...]=], or 1 where there is none.
func luaLong(data []byte) (int, bool) {
	if len(data) == 0 || data[0] != '[' {
		return 1, true
	}
	level := 1
	for level < len(data) && data[level] == '=' {
		level++
	}
	if level >= len(data) || data[level] != '[' {
		return 1, true
	}
	closing := bytes.ReplaceAll(data[:level+1], []byte("["), []byte("]"))
	end := bytes.Index(data[level+1:], closing)
	return level + 1 + end + len(closing), end >= 0
}

func luaString(data []byte) (int, bool) {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case data[0]:
			return i + 1, true
		case '\n':
			return 0, false
		}
	}
	return 0, false
}
