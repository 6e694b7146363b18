package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "a real port conflict: made, explained and cleaned up",
		Long: `demo listens on a free, unprivileged loopback port, lets a second server ask for
the same port, shows what a program usually says then and what berth says, and
lets the port go again. It starts no process and needs no rights. Where berth
cannot read yet who has a port, it shows what check says instead.

Exit codes: 0 shown; 2 the words are off; 3 no port could be had.`,
		Example: "  berth demo",
		Args:    noArgs("demo", "berth demo"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context()) },
	}
}

func (a *app) runDemo(ctx context.Context) error {
	if a.global.from != "" || a.global.netns != "" || a.global.json {
		return usage("leave it out", "demo makes its conflict here and tells it to people: it takes no --from, --netns or --json")
	}
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
	if err := d.answers(holder); err != nil {
		return err
	}
	a.exit = ExitYes
	return d.err
}

// answers is what berth says while the port is held and after.
func (d *demo) answers(holder io.Closer) error {
	set, err := d.read()
	if err != nil {
		return err
	}
	ask, name, own := d.who, "who", "berth who 80, or just berth"
	if g := diagnose.Blindness(set.Gaps); g != nil {
		ask, name, own = d.check, "check", "berth check 80"
		d.say("3. Who has a port berth cannot read here yet. Whether you can have it, it asks the\n   system itself. berth check %s:\n\n", d.at)
	} else {
		d.say("3. berth who %s says more:\n\n", d.at)
	}
	if err := ask(&set); err != nil {
		return err
	}
	if err := holder.Close(); err != nil {
		return &fail{ExitInternal, err, ""}
	}
	d.say("\n4. The first server ends. berth %s %s again:\n\n", name, d.at)
	if set, err = d.read(); err != nil {
		return err
	}
	if err := ask(&set); err != nil {
		return err
	}
	if g := diagnose.Blindness(set.Gaps); g != nil {
		d.say("\nWho it is, pasted texts tell: %s.\n", sentence.GapHint(*g, &set.Machine))
	}
	d.say("\nNow ask about a port of your own: %s.\n", own)
	return nil
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

func (d *demo) endpoint() fact.Endpoint {
	return fact.Endpoint{Port: d.at.Port(), Proto: fact.TCP, Host: d.at.Addr().String(), Addrs: []netip.Addr{d.at.Addr()}}
}

func (d *demo) read() (fact.Set, error) {
	e := d.endpoint()
	return d.app.facts(d.ctx, snapshot.Query{Ports: []uint16{e.Port}, Protos: e.Protos(), Owners: true, Context: true})
}

// who answers for the demo's endpoint.
func (d *demo) who(set *fact.Set) error {
	return d.indented(answer(set, d.endpoint()).WriteText)
}

// check tries the demo's endpoint; what could not be read was said before.
func (d *demo) check(*fact.Set) error {
	c, err := d.app.checkOnce(d.ctx, []fact.Endpoint{d.endpoint()}, checkOptions{})
	if err != nil {
		return err
	}
	c.Index.Set.Gaps = nil
	return d.indented(c.WriteText)
}

func (d *demo) indented(write func(io.Writer, layout.Style) error) error {
	var b strings.Builder
	st := d.app.style()
	if st.Width > 8 {
		st.Width -= 5
	}
	if err := write(&b, st); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		d.say("%s", indented(st.ASCII(line)))
	}
	return d.err
}

func indented(line string) string {
	if line == "\n" {
		return line
	}
	return "     " + line
}
