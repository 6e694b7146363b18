// Package help is what berth says of its own words: the help command, and what a
// shell may complete.
package help

import (
	"github.com/spf13/cobra"

	v1 "github.com/berthd/berth/api/v1"
)

// Command is `berth help`; unknown makes the error about a word that is no command.
func Command(unknown func(word string) error) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "what a command does, its flags and exit codes",
		RunE: func(cmd *cobra.Command, args []string) error {
			to, left, err := cmd.Root().Find(args)
			if err != nil || len(left) > 0 {
				return unknown(args[len(args)-max(1, len(left))])
			}
			to.InitDefaultHelpFlag()
			return to.Help()
		},
	}
}

// Completions adds what a shell may offer behind commands and flags of root; unknown
// makes the error about a shell that has no script. It is for a run that completes
// or prints a script, no other.
func Completions(root *cobra.Command, args []string, unknown func(shell string) error) {
	root.InitDefaultCompletionCmd(args...)
	protos := cobra.FixedCompletions([]string{"tcp", "udp", "udplite", "sctp", "raw"}, cobra.ShellCompDirectiveNoFileComp)
	must(root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp)))
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Short = "a script that completes berth's words in your shell"
			c.Args = func(_ *cobra.Command, args []string) error {
				if len(args) > 0 {
					return unknown(args[0])
				}
				return nil
			}
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		case "schema":
			c.ValidArgs = v1.Kinds()
		case "who", "check", "ls":
			c.ValidArgsFunction = cobra.NoFileCompletions
			must(c.RegisterFlagCompletionFunc("proto", protos))
		case "demo", "version":
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// must stops where berth names a flag of its own that is not there.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
