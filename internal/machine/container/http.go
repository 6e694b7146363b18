package container

import (
	"bytes"
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

// reply is an engine's answer to one GET.
type reply struct {
	status int
	podman bool // the header names libpod
	cut    bool // longer than maxBody; body is its beginning
	body   []byte
}

type dialer func(ctx context.Context, path string) (net.Conn, error)

func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// get asks one question over the socket at path. It speaks HTTP/1.0 by hand:
// the answer then ends with the connection, and the standard client's start-up
// cost stays out of the binary. It blocks until the answer, ctx or its deadline.
func get(ctx context.Context, dial dialer, path, target string) (reply, error) {
	conn, err := dial(ctx, path)
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	if at, ok := ctx.Deadline(); ok {
		conn.SetDeadline(at)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return reply{}, err
	}
	raw, readErr := io.ReadAll(io.LimitReader(conn, maxBody))
	r, err := parseReply(raw)
	if err != nil && readErr != nil {
		return reply{}, readErr
	}
	return r, err
}

// parseReply reads a whole HTTP/1 response: status line, header, and a body that
// ends with the input, by Content-Length, or in chunks.
func parseReply(raw []byte) (reply, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok || len(head) > 64<<10 {
		return reply{}, errors.New("no HTTP answer")
	}
	line, fields, _ := strings.Cut(string(head), "\r\n")
	r := reply{cut: len(raw) >= maxBody}
	var err error
	if r.status, err = parseStatus(line); err != nil {
		return reply{}, err
	}
	length, chunked := -1, false
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil || length < 0 {
				return reply{}, fmt.Errorf("content length %q", value)
			}
		case "transfer-encoding":
			chunked = strings.EqualFold(value, "chunked")
		case "libpod-api-version":
			r.podman = true
		}
	}
	r.body, err = bodyOf(body, length, chunked, r.cut)
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
