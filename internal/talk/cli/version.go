package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "which berth this is",
		Long: `version prints which berth this is, for which system it was built and by which Go.

Exit codes: 0; 2 the words are off.`,
		Example: `  berth version
  berth version --json`,
		Args: noArgs("version", "berth version"),
		RunE: func(*cobra.Command, []string) error { return a.sayVersion() },
	}
}

func (a *app) sayVersion() error {
	v := v1.Version{API: v1.API, Kind: "Version", Version: a.Version, Commit: commit(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if a.global.json {
		return a.document(v)
	}
	return a.text(func(w io.Writer, _ layout.Style) error {
		_, err := fmt.Fprintf(w, "berth %s %s/%s, %s\n", v.Version, v.OS, v.Arch, v.Go)
		return err
	})
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
