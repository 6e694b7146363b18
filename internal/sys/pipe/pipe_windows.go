package pipe

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// conn is a client's end of a pipe. Its deadlines work because the handle was
// opened for overlapped use.
type conn struct {
	*os.File
	path addr
}

func (c conn) LocalAddr() net.Addr  { return c.path }
func (c conn) RemoteAddr() net.Addr { return c.path }

// addr is the path of a pipe.
type addr string

func (addr) Network() string  { return "pipe" }
func (a addr) String() string { return string(a) }

// Dial opens a pipe for reading and writing, and waits until ctx ends while all its
// instances are taken. The server may not act in the caller's name. A pipe that is
// not there is an [io/fs.ErrNotExist], a closed one an [io/fs.ErrPermission].
func Dial(ctx context.Context, path string) (net.Conn, error) {
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	for {
		h, err := windows.CreateFile(wide, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
		if err == nil {
			return conn{os.NewFile(uintptr(h), path), addr(path)}, nil
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: addr(path), Err: err}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
