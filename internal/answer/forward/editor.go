package forward

import "strings"

// editor knows the processes of VS Code and its relatives that listen for others:
// the server on a remote machine, and the desktop's helper that opens a local
// port for a port of the remote window. Neither says which on its command line.
func editor(name string, args []string) []Forward {
	switch name {
	case "code-tunnel", "code-server", "openvscode-server":
		return only(Forward{Kind: "editor", Mode: "server", Via: name})
	case "code", "code-insiders", "codium", "cursor", "windsurf", "Code Helper (Plugin)", "Code Helper", "Cursor Helper (Plugin)", "Code", "Cursor":
		if helper(args) {
			return only(Forward{Kind: "editor", Mode: "desktop", Via: name})
		}
	case "node":
		if dir := serverDir(args); dir != "" {
			return only(Forward{Kind: "editor", Mode: "server", Via: dir})
		}
	}
	return nil
}

// helper tells an editor's child process, which alone opens ports.
func helper(args []string) bool {
	for _, arg := range args[min(len(args), 1):] {
		if arg == "--type=utility" || arg == "--type=extensionHost" || arg == "--type=renderer" {
			return true
		}
	}
	return false
}

// serverDir finds an editor's server by the folder that it runs from.
func serverDir(args []string) string {
	for _, arg := range args[:min(len(args), 4)] {
		for _, dir := range []string{"vscode-server-insiders", "vscode-server", "vscodium-server", "cursor-server", "windsurf-server"} {
			if strings.Contains(arg, "/."+dir+"/") || strings.Contains(arg, `\.`+dir+`\`) {
				return dir
			}
		}
		if strings.Contains(arg+"/", "/lib/code-server/") || strings.Contains(arg, "/code-server/lib/vscode/") {
			return "code-server"
		}
	}
	return ""
}
