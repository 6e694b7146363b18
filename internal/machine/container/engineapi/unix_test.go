//go:build !windows

package engineapi

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve answers on a unix socket of the test's own until the test ends.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return path
}

func TestDoOverASocket(t *testing.T) {
	request := ""
	path := serve(t, func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, 512)
		n, _ := c.Read(buf)
		request = string(buf[:n])
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n[]")
	})
	r, err := Do(context.Background(), Dial, path, Request{Target: "/x"})
	if err != nil || string(r.Body) != "[]" {
		t.Fatalf("%q, %v", r.Body, err)
	}
	if want := "GET /x HTTP/1.0\r\nHost: localhost\r\n"; !strings.HasPrefix(request, want) {
		t.Errorf("asked %q, want %q", request, want)
	}
}

func TestDoEndsWithTheContext(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		io.Copy(io.Discard, c) // never answers
		c.Close()
	})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := Do(ctx, Dial, path, Request{Target: "/x"}); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// An engine that keeps the connection open has answered all the same.
func TestDoFromAServerThatKeepsTheConnection(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
		io.Copy(io.Discard, c)
		c.Close()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if r, err := Do(ctx, Dial, path, Request{Target: "/x"}); err != nil || string(r.Body) != "[]" {
		t.Errorf("%q, %v", r.Body, err)
	}
}

// An answer without end is cut, not read for ever.
func TestDoIsBounded(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		defer c.Close()
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n")
		for block := strings.Repeat("[", 1<<16); ; {
			if _, err := io.WriteString(c, block); err != nil {
				return
			}
		}
	})
	r, err := Do(context.Background(), Dial, path, Request{Target: "/x"})
	if err != nil || !r.Cut || len(r.Body) > maxBody {
		t.Errorf("%d bytes, cut %v, %v", len(r.Body), r.Cut, err)
	}
}

func TestDoWithoutASocket(t *testing.T) {
	if _, err := Do(context.Background(), Dial, filepath.Join(t.TempDir(), "none"), Request{Target: "/x"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
