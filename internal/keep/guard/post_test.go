package guard_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/keep/guard"
)

// One document, as a server that reads HTTP gets it; and whatever is no yes is an error.
func TestPost(t *testing.T) {
	var got, path, user, kind string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, path, kind = string(b), r.RequestURI, r.Method+" "+r.Header.Get("Content-Type")
		user, _, _ = r.BasicAuth()
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/no":
			w.WriteHeader(http.StatusForbidden)
		case "/elsewhere":
			t.Error("a redirect was followed")
		}
	}))
	defer s.Close()
	for path, want := range map[string]string{"/a b?c=d": "", "/moved": "it redirects (307)", "/no": "it answered 403"} {
		u, err := guard.Webhook(strings.Replace(s.URL, "http://", "http://ann:secret@", 1) + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := guard.Post(context.Background(), u, []byte(`{"a":1}`)); want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if u, _ := guard.Webhook(strings.Replace(s.URL, "http://", "http://ann:secret@", 1) + "/a b?c=d"); guard.Post(context.Background(), u, []byte(`{"a":2}`)) != nil {
		t.Error("not sent")
	}
	if got != `{"a":2}` || path != "/a%20b?c=d" || user != "ann" || kind != "POST application/json" {
		t.Errorf("%q %q %q %q", got, path, user, kind)
	}
}

func TestWebhookAddress(t *testing.T) {
	for text, want := range map[string]bool{"http://127.0.0.1/x": true, "http://[::1]:9/": true, "http://ntfy.lan/a": true,
		"https://example.com/": false, "ftp://x/": false, "example.com": false, "http://": false, "http:x": false, "http://a/\r\nX: y": false, "": false} {
		if _, err := guard.Webhook(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := guard.Webhook("https://example.com/"); !errors.Is(err, guard.ErrTLS) {
		t.Error(err)
	}
}

// A server that says nothing, or something else, or nothing at all.
func TestPostToSomethingElse(t *testing.T) {
	for says, want := range map[string]string{"": "context deadline exceeded", "220 mail ready\r\n": "is no answer of HTTP", "HTTP/1.1 2\r\n": "is no answer of HTTP",
		strings.Repeat("x", 10000): "EOF", "HTTP/1.1 200\r\n": ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err == nil {
				_, _ = io.WriteString(c, says)
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		}()
		u, err := guard.Webhook("http://" + l.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		if err := guard.Post(ctx, u, []byte("{}")); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", says, err)
		}
		cancel()
		l.Close()
	}
	u, _ := guard.Webhook("http://" + port(t) + "/")
	if err := guard.Post(context.Background(), u, nil); err == nil {
		t.Error("nobody there, and it was sent")
	}
}
