package script

import _ "embed"

// typed is /root/typed in every booted machine, for scripts that sit at a terminal.
//
//go:embed typed.sh
var typed string
