package refusal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What several lines say of one bind is one refusal; the same lines of another
// event, or about a connection, are not.
func TestSeveralLines(t *testing.T) {
	gap := strings.Repeat("another line\n", near+1)
	for text, want := range map[string][]string{
		// A mail broke the line.
		"2024/05/01 10:00:00 web: could not start, listen tcp 0.0.0.0:8080:\nbind: address already in use": {"in-use 8080 by 1"},
		"nginx: [emerg] bind() to\n0.0.0.0:80 failed (98: Address already in use)":                         {"in-use 80 by 2"},
		// The number below beats the phrase above.
		"Port 8388 is already in use\n ---> System.Net.Sockets.SocketException (10013): x\n   at System.Net.Sockets.Socket.Bind(EndPoint e)":      {"reserved 8388 by 1"},
		"Port 8388 is already in use\n" + gap + "System.Net.Sockets.SocketException (10013): x\n   at System.Net.Sockets.Socket.Bind(EndPoint e)": {"in-use 8388 by 1", "reserved 0 by 18"},
		// Words beat no words.
		"Port 8388 is already in use\nError: bind failed: Permission denied":                    {"not-permitted 8388 by 1"},
		"listen tcp :8388: bind: address already in use\nError: bind failed: Permission denied": {"in-use 8388 by 1", "not-permitted 0 by 2"},
		// A trace tells what the exception was about.
		"System.Net.Sockets.SocketException (10013): x\n   at System.Net.Sockets.Socket.Bind(EndPoint e)":      {"reserved 0 by 1"},
		"System.Net.Sockets.SocketException (10013): x\n   at System.Net.Sockets.Socket.DoConnect(EndPoint e)": nil,
	} {
		if diff := cmp.Diff(want, told(text)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", text, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range survey(f) {
		f.Add(s.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var lines []Line
		for i, l := range strings.Split(text, "\n") {
			lines = append(lines, Line{Text: l, Where: "x", Number: i + 1})
		}
		for _, r := range Read("", lines) {
			if r.Cause == "" || r.Where == "" || r.Words == "" {
				t.Fatalf("%+v", r)
			}
		}
	})
}
