package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseReply(t *testing.T) {
	for _, c := range []struct {
		name, raw  string
		status     int
		podman     bool
		body, fail string
	}{
		{name: "to the end", raw: "HTTP/1.0 200 OK\r\nServer: x\r\n\r\n[1]", status: 200, body: "[1]"},
		{name: "no reason phrase", raw: "HTTP/1.1 204\r\n\r\n", status: 204},
		{name: "by length", raw: "HTTP/1.1 200 OK\r\nContent-LENGTH: 3\r\n\r\n[1] and more", status: 200, body: "[1]"},
		{name: "too short", raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1]", fail: "unexpected EOF"},
		{name: "negative length", raw: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", fail: "content length"},
		{name: "chunks", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1;x=y\r\n]\r\n0\r\n\r\n", status: 200, body: "[1]"},
		{name: "chunks without end", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n", fail: "unexpected EOF"},
		{name: "huge chunk", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n[1\r\n", fail: "chunk size"},
		{name: "chunk size in words", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nten\r\n", fail: "chunk size"},
		{name: "chunk runs over", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[1\r\n0\r\n\r\n", fail: "without its end"},
		{name: "podman", raw: "HTTP/1.1 200 OK\r\nLibpod-Api-Version: 4.3.1\r\n\r\n[]", status: 200, podman: true, body: "[]"},
		{name: "another protocol", raw: "SSH-2.0-OpenSSH_9.2\r\n\r\n", fail: "no HTTP answer"},
		{name: "status in words", raw: "HTTP/1.1 OK\r\n\r\n", fail: "status"},
		{name: "nothing", fail: "no HTTP answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := parseReply([]byte(c.raw))
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Fatalf("error %v, want %q", err, c.fail)
				}
				return
			}
			if err != nil || r.status != c.status || r.podman != c.podman || string(r.body) != c.body {
				t.Errorf("got %d %v %q, %v; want %d %v %q", r.status, r.podman, r.body, err, c.status, c.podman, c.body)
			}
		})
	}
}

// A chunked answer of a real engine is the same list as the plain one.
func TestParseReplyChunkedRecording(t *testing.T) {
	plain, err := parseReply(recorded(t, "podman-4.3-list.http"))
	if err != nil {
		t.Fatal(err)
	}
	chunked, err := parseReply(recorded(t, "podman-4.3-list-chunked.http"))
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := decodeList(plain.body, "podman", place{})
	b, _, err2 := decodeList(chunked.body, "podman", place{})
	if err != nil || err2 != nil || len(a) != 3 || len(b) != 3 || !plain.podman || !chunked.podman {
		t.Errorf("%d and %d containers, %v, %v", len(a), len(b), err, err2)
	}
}

func FuzzParseReply(f *testing.F) {
	for _, name := range []string{"docker-20.10-404.http", "podman-4.3-list-chunked.http", "docker-20.10-list.http"} {
		f.Add(recorded(f, name))
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseReply(raw)
		if err == nil && len(r.body) > len(raw) {
			t.Fatalf("body of %d bytes from %d", len(r.body), len(raw))
		}
	})
}
