package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "a real port conflict: made, explained and cleaned up",
		Long: `demo listens on a free, unprivileged loopback port, lets a second server ask for
the same port, shows what a program usually says then and what berth says, and
lets the port go again. It starts no process and needs no rights.

Exit codes: 0 shown; 3 no port could be had or the machine could not be read.`,
		Example: "  berth demo",
		Args:    noArgs("demo", "berth demo"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context()) },
	}
}

func (a *app) runDemo(ctx context.Context) error {
	holder, err := demoListener()
	if err != nil {
		return &fail{ExitCouldNot, err, "a free loopback port is needed"}
	}
	defer holder.Close()
	at := holder.Addr().(*net.TCPAddr).AddrPort()
	d := demo{app: a, ctx: ctx, at: at}
	d.say("A real port conflict on this machine, made, explained and cleaned up.\n\n")
	d.say("1. A server takes %s.\n", at)
	newcomer, err := net.Listen("tcp", at.String())
	if err == nil {
		newcomer.Close()
		return &fail{ExitInternal, errors.New("a second listener got the same port"), "please report it with: berth snapshot save FILE"}
	}
	d.say("2. A second server wants it too. What it says is what most programs say:\n\n     %v\n\n", err)
	d.say("3. berth who %s says more:\n\n", at)
	if err := d.who(); err != nil {
		return err
	}
	if err := holder.Close(); err != nil {
		return &fail{ExitInternal, err, ""}
	}
	d.say("\n4. The first server ends. berth who %s again:\n\n", at)
	if err := d.who(); err != nil {
		return err
	}
	a.exit = ExitYes
	d.say("\nNow ask about a port of your own: berth who 80, or just berth.\n")
	return d.err
}

// demoListener takes a loopback port that people know, or any.
func demoListener() (net.Listener, error) {
	for _, port := range [...]string{"8080", "8000", "3000"} {
		if l, err := net.Listen("tcp4", "127.0.0.1:"+port); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp4", "127.0.0.1:0")
}

// demo is one run of the story.
type demo struct {
	app *app
	ctx context.Context
	at  netip.AddrPort
	err error
}

func (d *demo) say(format string, args ...any) {
	if _, err := fmt.Fprintf(d.app.Out, format, args...); err != nil && d.err == nil {
		d.err = closed(err)
	}
}

// who answers for the demo's endpoint, indented.
func (d *demo) who() error {
	e := fact.Endpoint{Port: d.at.Port(), Proto: fact.TCP, Host: d.at.Addr().String(), Addrs: []netip.Addr{d.at.Addr()}}
	set, err := d.app.facts(d.ctx, snapshot.Query{Ports: []uint16{e.Port}, Protos: e.Protos(), Owners: true, Context: true})
	if err != nil {
		return err
	}
	w := answer(&set, e)
	var b strings.Builder
	st := d.app.style()
	if st.Width > 8 {
		st.Width -= 5
	}
	if err := w.WriteText(&b, st); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		d.say("%s", indented(line))
	}
	return d.err
}

func indented(line string) string {
	if line == "\n" {
		return line
	}
	return "     " + line
}
