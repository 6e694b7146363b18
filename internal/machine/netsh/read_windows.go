package netsh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
)

// maxOutput bounds what is kept of a command's output.
const maxOutput = 16 << 20

func read(ctx context.Context, s Show) (string, *fact.Gap) {
	fail := func(err error) *fact.Gap {
		return &fact.Gap{Kind: fact.GapCommand, Subject: s.String(), Err: err.Error()}
	}
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return "", fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "netsh.exe"), s.Args()...)
	cmd.WaitDelay = time.Second // for whoever else has its output open
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	var out limited
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	text := decode(out.kept.Bytes())
	switch {
	case ctx.Err() != nil:
		return text, fail(fmt.Errorf("no end after %v: %w", Timeout, ctx.Err()))
	case err != nil:
		return text, fail(errors.New(why(err, text)))
	case strings.TrimSpace(text) == "":
		return "", fail(errors.New("it printed nothing"))
	}
	return text, nil
}

// limited keeps the first bytes of what is written to it and takes the rest for
// nothing, so that the writer never blocks. The buffer is not embedded: io.Copy would
// fill it by its own ReadFrom, without a bound.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxOutput - l.kept.Len(); room > 0 {
		l.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// decode makes UTF-8 of console output, which is in the OEM code page when it goes
// to a pipe.
func decode(data []byte) string {
	if utf8.Valid(data) || len(data) == 0 {
		return string(data)
	}
	const oem = 1 // CP_OEMCP
	n, err := windows.MultiByteToWideChar(oem, 0, &data[0], int32(len(data)), nil, 0)
	if err != nil || n <= 0 {
		return string(data)
	}
	wide := make([]uint16, n)
	if _, err := windows.MultiByteToWideChar(oem, 0, &data[0], int32(len(data)), &wide[0], n); err != nil {
		return string(data)
	}
	return windows.UTF16ToString(wide)
}
