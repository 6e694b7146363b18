// Package engineapi asks a container engine over its own socket: a unix socket, or a
// named pipe on Windows. It speaks HTTP/1.0 by hand: the answer then ends with the
// connection, and the standard client's start-up cost stays out of the binary.
package engineapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what one answer of an engine may occupy: some 5,000 containers.
const maxBody = 8 << 20

// Request is one question or order. The zero value of Method is GET; Target is a path
// with its query, and Body JSON.
type Request struct {
	Method, Target string
	Body           []byte
}

// Reply is an engine's answer.
type Reply struct {
	Status int
	Podman bool // the header names libpod
	Cut    bool // longer than 8 MiB; Body is its beginning
	Body   []byte
}

// Dialer connects to the engine that listens at path.
type Dialer func(ctx context.Context, path string) (net.Conn, error)

// Do asks the engine that listens at path. It blocks until the answer, ctx or its
// deadline. Without a listener the error is an [io/fs.ErrNotExist] or what the system
// says of the connection, and for a closed socket an [io/fs.ErrPermission]. A status
// is no error.
func Do(ctx context.Context, dial Dialer, path string, q Request) (Reply, error) {
	conn, err := dial(ctx, path)
	if err != nil {
		return Reply{}, err
	}
	defer conn.Close()
	if at, ok := ctx.Deadline(); ok {
		conn.SetDeadline(at)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(q.bytes()); err != nil {
		return Reply{}, err
	}
	raw, readErr := io.ReadAll(io.LimitReader(conn, maxBody))
	r, err := Parse(raw)
	if err != nil && readErr != nil {
		return Reply{}, readErr
	}
	return r, err
}

func (q Request) bytes() []byte {
	method := cmp.Or(q.Method, "GET")
	head := method + " " + q.Target + " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n"
	if method != "GET" {
		head += "Content-Length: " + strconv.Itoa(len(q.Body)) + "\r\n"
	}
	if len(q.Body) > 0 {
		head += "Content-Type: application/json\r\n"
	}
	return append([]byte(head+"\r\n"), q.Body...)
}

// Parse reads a whole HTTP/1 response: status line, header, and a body that
// ends with the input, by Content-Length, or in chunks.
func Parse(raw []byte) (Reply, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok || len(head) > 64<<10 {
		return Reply{}, errors.New("no HTTP answer")
	}
	line, fields, _ := strings.Cut(string(head), "\r\n")
	r := Reply{Cut: len(raw) >= maxBody}
	var err error
	if r.Status, err = parseStatus(line); err != nil {
		return Reply{}, err
	}
	length, chunked := -1, false
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil || length < 0 {
				return Reply{}, fmt.Errorf("content length %q", value)
			}
		case "transfer-encoding":
			chunked = strings.EqualFold(value, "chunked")
		case "libpod-api-version":
			r.Podman = true
		}
	}
	r.Body, err = bodyOf(body, length, chunked, r.Cut)
	return r, err
}

func parseStatus(line string) (int, error) {
	proto, rest, ok := strings.Cut(line, " ")
	if !ok || !strings.HasPrefix(proto, "HTTP/1.") {
		return 0, errors.New("no HTTP answer")
	}
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || status < 100 || status > 599 {
		return 0, fmt.Errorf("status %q", code)
	}
	return status, nil
}

func bodyOf(body []byte, length int, chunked, cut bool) ([]byte, error) {
	switch {
	case chunked:
		return unchunk(body, cut)
	case length < 0:
		return body, nil
	case length <= len(body):
		return body[:length], nil
	case cut:
		return body, nil
	}
	return nil, io.ErrUnexpectedEOF
}

func unchunk(in []byte, cut bool) ([]byte, error) {
	var out []byte
	for {
		line, rest, ok := bytes.Cut(in, []byte("\r\n"))
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 31)
		switch {
		case ok && err != nil:
			return nil, errors.New("chunk size is no number")
		case ok && n == 0:
			return out, nil
		case !ok || uint64(len(rest)) < n+2:
			if cut {
				return out, nil
			}
			return nil, io.ErrUnexpectedEOF
		}
		out = append(out, rest[:n]...)
		if in, ok = bytes.CutPrefix(rest[n:], []byte("\r\n")); !ok {
			return nil, errors.New("chunk without its end")
		}
	}
}
