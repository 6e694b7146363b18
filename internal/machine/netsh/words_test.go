package netsh

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhy(t *testing.T) {
	err := errors.New("exit status 1")
	for _, c := range []struct{ text, want string }{
		{"", "exit status 1"},
		{"\r\n\r\n", "exit status 1"},
		{"\r\nDer Dienst kann nicht gestartet werden.\r\n\r\n", "exit status 1: Der Dienst kann nicht gestartet werden."},
		{"サービスを\r\n開始できません。\r\n", "exit status 1: サービスを 開始できません。"},
		{"\xff\xfe", "exit status 1: \uFFFD"},
	} {
		if got := why(err, c.text); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for _, long := range []string{strings.Repeat("あ", 500), strings.Repeat("x", 500)} {
		got := why(err, long)
		if !utf8.ValidString(got) || len(got) > len("exit status 1: ")+maxWords || len(got) < maxWords {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}
