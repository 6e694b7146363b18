// Package pipe is a client of Windows' named pipes: their paths, which compile
// everywhere, and on Windows connections with deadlines.
package pipe

import "strings"

// Root is where Windows has the named pipes of this machine.
const Root = `\\.\pipe\`

// Path is the path in npipe:////./pipe/name, and "" for another kind of address,
// a pipe of another machine among them.
func Path(address string) string {
	rest, ok := strings.CutPrefix(address, "npipe://")
	if !ok {
		return ""
	}
	path := strings.ReplaceAll(rest, "/", `\`)
	name, ok := strings.CutPrefix(path, Root)
	if !ok || name == "" || strings.ContainsAny(name, "\\\x00") {
		return ""
	}
	return path
}
