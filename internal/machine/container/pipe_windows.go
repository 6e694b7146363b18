package container

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// pipeConn is a client's end of a named pipe. Its deadlines work because the handle
// was opened for overlapped use.
type pipeConn struct {
	*os.File
	path pipeAddr
}

// pipeAddr is the path of a named pipe.
type pipeAddr string

func (pipeAddr) Network() string        { return "pipe" }
func (a pipeAddr) String() string       { return string(a) }
func (c pipeConn) LocalAddr() net.Addr  { return c.path }
func (c pipeConn) RemoteAddr() net.Addr { return c.path }

// dialPipe opens a named pipe, waiting while all its instances are taken. The
// server may not act in the caller's name.
func dialPipe(ctx context.Context, path string) (net.Conn, error) {
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	for {
		h, err := windows.CreateFile(wide, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
		if err == nil {
			return pipeConn{os.NewFile(uintptr(h), path), pipeAddr(path)}, nil
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(path), Err: err}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
