package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// loader is Wine's own program, without the shell script that stands before it.
const loader = "/usr/lib/wine/wine64"

// prefix is a place in which commands are Windows programs: a clean prefix, with
// network, PID and mount namespaces that end with it.
type prefix struct {
	place
	top   string    // folders of the overlay
	sup   *exec.Cmd // unshare, which waits for the first process
	first int       // PID of that one, from here
}

// newPrefix prepares it as the tests do, with their script.
func newPrefix(ctx context.Context) (*prefix, error) {
	root, err := wineRoot(ctx)
	if err != nil {
		return nil, err
	}
	x := &prefix{place: place{env: []string{"HOME=/root", "PATH=/usr/bin:/bin", "WINEPREFIX=/prefix", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=", "WINELOADER=" + loader, "XDG_RUNTIME_DIR=/tmp"}}}
	if x.null, err = unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return nil, err
	}
	if x.top, err = os.MkdirTemp("", "berth-bench-wine-"); err != nil {
		return nil, err
	}
	if err = x.boot(ctx, root); err != nil {
		x.end()
	}
	return x, err
}

// wineRoot is the folder that scripts/testbed/wine-root has made.
func wineRoot(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "scripts/testbed/wine-root", "--path")
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("no Wine (make it once: scripts/testbed/wine-root): %w", err)
	}
	return strings.TrimSpace(string(path)) + "/root", nil
}

func (x *prefix) boot(ctx context.Context, root string) error {
	for _, dir := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(x.top, dir), 0o755); err != nil {
			return err
		}
	}
	module, err := os.Getwd()
	if err != nil {
		return err
	}
	// The kernel ends all of it with the thread that starts it.
	starter, err := thread(func() error { return nil })
	if err != nil {
		return err
	}
	cmd := exec.Command("unshare", "-m", "-n", "-p", "--mount-proc", "--propagation", "private", "--kill-child",
		"sh", "internal/testbed/wine.sh", x.top, root, os.TempDir(), module)
	var said bytes.Buffer // read after its end alone
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if on(starter, func() { err = cmd.Start() }); err != nil {
		return err
	}
	x.sup = cmd
	if err := x.await(ctx); err != nil {
		x.kill()
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	x.strong, err = thread(func() error { return enter(x.first, x.top+"/root") })
	return err
}

// await waits until the script is done, and finds the first process of its PID
// namespace.
func (x *prefix) await(ctx context.Context) error {
	for range 3000 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := os.Stat(x.top + "/up"); err == nil {
			sup := x.sup.Process.Pid
			_, err := fmt.Sscan(text(fmt.Sprintf("/proc/%d/task/%d/children", sup, sup)), &x.first)
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the Wine prefix did not come up")
}

// enter moves the calling thread, and what is started from it, into the namespaces
// of a process and below a folder of these.
func enter(pid int, root string) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	for _, ns := range []string{"net", "pid", "mnt"} { // mnt changes what the paths mean
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, ns), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		err = unix.Setns(fd, 0)
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("enter the %s namespace: %w", ns, err)
		}
	}
	if err := unix.Chroot(root); err != nil {
		return err
	}
	return unix.Chdir("/prefix/drive_c")
}

// kill kills the first process, and with it the kernel kills all others.
func (x *prefix) kill() {
	if x.sup == nil {
		return
	}
	if x.first == 0 || syscall.Kill(x.first, syscall.SIGKILL) != nil {
		_ = x.sup.Process.Kill()
	}
	_ = x.sup.Wait()
	x.sup = nil
}

// end ends everything that runs there and removes what was made for it.
func (x *prefix) end() {
	if x.strong != nil {
		close(x.strong)
	}
	x.kill()
	unix.Close(x.null)
	_ = os.RemoveAll(x.top)
}
