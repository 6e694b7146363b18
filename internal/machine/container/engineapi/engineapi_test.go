package engineapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
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
			r, err := Parse([]byte(c.raw))
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Fatalf("error %v, want %q", err, c.fail)
				}
				return
			}
			if err != nil || r.Status != c.status || r.Podman != c.podman || string(r.Body) != c.body {
				t.Errorf("got %d %v %q, %v; want %d %v %q", r.Status, r.Podman, r.Body, err, c.status, c.podman, c.body)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"docker-20.10-404.http", "podman-4.3-list-chunked.http", "docker-20.10-list.http"} {
		f.Add(recorded(f, name))
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(raw)
		if err == nil && len(r.Body) > len(raw) {
			t.Fatalf("body of %d bytes from %d", len(r.Body), len(raw))
		}
	})
}

func TestRequest(t *testing.T) {
	for _, c := range []struct {
		q    Request
		want string
	}{
		{Request{Target: "/x?all=1"}, "GET /x?all=1 HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"},
		{Request{Method: "POST", Target: "/stop"}, "POST /stop HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		{Request{Method: "POST", Target: "/u", Body: []byte("{}")},
			"POST /u HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"},
	} {
		if got := string(c.q.bytes()); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
