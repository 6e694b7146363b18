package container

import "strings"

// pipeRoot is where Windows has the named pipes of this machine.
const pipeRoot = `\\.\pipe\`

// pipePath is the path in npipe:////./pipe/name, and "" for another kind of address,
// a pipe of another machine among them.
func pipePath(address string) string {
	rest, ok := strings.CutPrefix(address, "npipe://")
	if !ok {
		return ""
	}
	path := strings.ReplaceAll(rest, "/", `\`)
	name, ok := strings.CutPrefix(path, pipeRoot)
	if !ok || name == "" || strings.ContainsAny(name, "\\\x00") {
		return ""
	}
	return path
}
