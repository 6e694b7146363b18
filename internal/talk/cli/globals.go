package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// globals are the flags every command takes.
type globals struct {
	json     bool
	color    string
	from     string
	noRedact bool
	netns    string
}

func (g *globals) add(f *pflag.FlagSet) {
	f.BoolVar(&g.json, "json", false, "print one api/v1 document")
	f.StringVar(&g.color, "color", "auto", "auto, always or never")
	f.StringVar(&g.from, "from", "", "answer from a saved snapshot `FILE` instead of this machine")
	f.BoolVar(&g.noRedact, "no-redact", false, "show secrets in command lines")
	f.StringVar(&g.netns, "netns", "", "look from the network namespace `PID|NAME|PATH|container:NAME`")
}

func (g *globals) check() error {
	switch g.color {
	case "auto", "always", "never":
	default:
		return usage("one of auto, always, never", "--color %q is not known", g.color)
	}
	if g.from != "" && g.netns != "" {
		return usage("leave one of them out", "--from and --netns exclude each other: a snapshot has its own namespace")
	}
	return nil
}

// style is how text may look on stdout.
func (a *app) style() layout.Style {
	st := layout.Style{UTF8: utf8Locale(a.Getenv)}
	f, ok := a.Out.(*os.File)
	tty := ok && term.IsTerminal(int(f.Fd()))
	if tty {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			st.Width = w
		}
	}
	switch a.global.color {
	case "always":
		st.Color = true
	case "auto":
		st.Color = tty && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
	}
	return st
}

// utf8Locale follows LC_ALL, LC_CTYPE, LANG in that order. Windows terminals of
// today and macOS show UTF-8 whatever these say.
func utf8Locale(getenv func(string) string) bool {
	for _, k := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(k)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS != "linux"
}

// text writes an answer for people through w, and tells a closed stdout apart.
func (a *app) text(write func(io.Writer, layout.Style) error) error {
	st := a.style()
	if st.UTF8 {
		return closed(write(a.Out, st))
	}
	var b strings.Builder
	if err := write(&b, st); err != nil {
		return err
	}
	_, err := io.WriteString(a.Out, st.ASCII(b.String()))
	return closed(err)
}

// say writes an answer as a text, or as its document where --json asks for one.
func (a *app) say(text func(io.Writer, layout.Style) error, doc any) error {
	if a.global.json {
		return a.document(doc)
	}
	return a.text(text)
}

// document writes one api/v1 document, with nothing in it that a terminal obeys.
func (a *app) document(doc any) error {
	return a.harmless(func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(doc)
	})
}

// harmless writes JSON to stdout, which may be a terminal.
func (a *app) harmless(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	_, err := a.Out.Write(sentence.JSON(b.Bytes()))
	return closed(err)
}

func closed(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || windowsPipeClosed(err) {
		return errClosed
	}
	var f *fail
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &fail{ExitCouldNot, err, "the answer could not be written whole"}
}

// windowsPipeClosed knows the ways in which Windows says that nobody reads a pipe
// any more: broken, being closed, not connected.
func windowsPipeClosed(err error) bool {
	var n syscall.Errno
	return runtime.GOOS == "windows" && errors.As(err, &n) && (n == 109 || n == 232 || n == 233)
}

func (a *app) jsonError(f *fail) int {
	if err := a.document(v1.Error{API: v1.API, Kind: "Error", Code: f.code, Message: oneLine(f.Error()), Hint: f.hint}); err != nil {
		return f.code
	}
	return f.code
}

func oneLine(s string) string { return sentence.Clean(s, 600) }
