//go:build !windows

package container

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

func TestGetOverASocket(t *testing.T) {
	request := ""
	path := serve(t, func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, 512)
		n, _ := c.Read(buf)
		request = string(buf[:n])
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n[]")
	})
	r, err := get(context.Background(), dialUnix, path, "/x")
	if err != nil || string(r.body) != "[]" {
		t.Fatalf("%q, %v", r.body, err)
	}
	if want := "GET /x HTTP/1.0\r\nHost: localhost\r\n"; !strings.HasPrefix(request, want) {
		t.Errorf("asked %q, want %q", request, want)
	}
}

func TestGetEndsWithTheContext(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		io.Copy(io.Discard, c) // never answers
		c.Close()
	})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := get(ctx, dialUnix, path, "/x"); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// An engine that keeps the connection open has answered all the same.
func TestGetFromAServerThatKeepsTheConnection(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
		io.Copy(io.Discard, c)
		c.Close()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if r, err := get(ctx, dialUnix, path, "/x"); err != nil || string(r.body) != "[]" {
		t.Errorf("%q, %v", r.body, err)
	}
}

// An answer without end is cut, not read for ever.
func TestGetIsBounded(t *testing.T) {
	path := serve(t, func(c net.Conn) {
		defer c.Close()
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n")
		for block := strings.Repeat("[", 1<<16); ; {
			if _, err := io.WriteString(c, block); err != nil {
				return
			}
		}
	})
	r, err := get(context.Background(), dialUnix, path, "/x")
	if err != nil || !r.cut || len(r.body) > maxBody {
		t.Errorf("%d bytes, cut %v, %v", len(r.body), r.cut, err)
	}
}

func TestGetWithoutASocket(t *testing.T) {
	if _, err := get(context.Background(), dialUnix, filepath.Join(t.TempDir(), "none"), "/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
