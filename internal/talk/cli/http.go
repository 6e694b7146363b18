package cli

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/httpshow"
)

func (a *app) http() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "http",
		Short: "HTTP.sys, the kernel's HTTP listener of Windows",
		Long: `http shows what HTTP.sys says of itself, by netsh http's own nouns, in one
language, from this machine or from a snapshot of another.`,
		Example: "  berth http show servicestate\n  berth http show urlacl --from pc.json",
		Args: func(*cobra.Command, []string) error {
			return usage("berth http show urlacl", "http has one verb: show")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "show TABLE",
		Short: "one table of HTTP.sys: " + strings.Join(httpshow.Tables(), ", "),
		Long: `show prints one table. servicestate: the request queues, who serves them, and the
URLs that are registered now. urlacl: who may register which URLs. iplisten: the
addresses that HTTP.sys listens on. sslcert: its certificates. timeout: its timers.
cachestate: the responses in its cache.

Exit codes: 0, also when the table is empty; 2 the words are off; 3 could not look.`,
		Example:   "  berth http show servicestate\n  berth http show iplisten --json\n  berth http show urlacl --from pc.json",
		ValidArgs: httpshow.Tables(),
		Args:      oneArg("http show", "TABLE"),
		RunE:      func(cmd *cobra.Command, args []string) error { return a.runHTTPShow(cmd.Context(), args[0]) },
	})
	return cmd
}

func (a *app) runHTTPShow(ctx context.Context, table string) error {
	if !slices.Contains(httpshow.Tables(), table) {
		return usage("one of "+strings.Join(httpshow.Tables(), ", "), "%q is no table of HTTP.sys", table)
	}
	set, err := fact.Set{Machine: fact.Machine{OS: runtime.GOOS}}, error(nil)
	switch {
	case a.global.from != "":
		set, err = a.facts(ctx, snapshot.Query{})
	case runtime.GOOS == "windows":
		state, cache := table == httpshow.ServiceState, table == httpshow.CacheState
		set, err = snapshot.HTTPSys(ctx, httpsys.Query{Live: state, Cache: cache, Config: !state && !cache})
	}
	if err != nil {
		return err
	}
	s, err := httpshow.New(&set, table)
	if err != nil {
		return &fail{ExitCouldNot, err, httpshow.Hint(err, table)}
	}
	if a.global.json {
		return a.document(s.Document())
	}
	if err := a.text(s.WriteText); err != nil {
		return err
	}
	for _, n := range s.Notes() {
		fmt.Fprintln(a.Err, "note:", n)
	}
	return nil
}
