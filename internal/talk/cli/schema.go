package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func (a *app) schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "the JSON Schema of a --json document",
		Long: `schema prints the JSON Schema of one kind of document, or the kinds there are.

Exit codes: 0; 2 there is no such kind.`,
		Example: `  berth schema
  berth schema who > who.schema.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.text(func(w io.Writer, _ layout.Style) error {
					_, err := fmt.Fprintln(w, strings.Join(v1.Kinds(), "\n"))
					return err
				})
			}
			b, ok := v1.Schema(args[0])
			if !ok {
				return usage("one of "+strings.Join(v1.Kinds(), ", "), "there is no document of kind %q", args[0])
			}
			_, err := a.Out.Write(b)
			return closed(err)
		},
	}
}
