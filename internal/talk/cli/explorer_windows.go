package cli

import (
	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/sys/winapi/kernel32"
)

// mindExplorer leaves cobra's word for people who double-click a program without a
// window where it may be meant for one: Explorer gives the program a console that
// nobody else uses. Anywhere else cobra would list all processes, twice, before
// every command.
func mindExplorer() {
	if n, err := kernel32.ConsoleProcesses(); err != nil || n > 1 {
		cobra.MousetrapHelpText = ""
	}
}
