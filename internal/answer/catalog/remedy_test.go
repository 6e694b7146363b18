package catalog

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	value := func(word string) string {
		return map[string]string{"unit": "nginx.service", "port": "80"}[word]
	}
	for text, want := range map[string]string{
		"systemctl stop {unit}":   "systemctl stop nginx.service",
		"{unit}{port}":            "nginx.service80",
		"docker stop {container}": "docker stop CONTAINER",
		"a {b c} {} { {port":      "a {b c} {} { {port",
		"{{port}}":                "{80}",
		"":                        "",
	} {
		if got := Fill(text, value); got != want {
			t.Errorf("Fill(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRanksFollowTheOrderOfKinds(t *testing.T) {
	for i, k := range RemedyKinds() {
		if k.Rank() != i {
			t.Errorf("rank of %s is %d", k, k.Rank())
		}
	}
	if RemedyKind("reboot").Rank() != -1 {
		t.Error("an unknown kind has a rank")
	}
	if Wait.Rank() != 0 || Kill.Rank() < Stop.Rank() {
		t.Error("kinds are not in the order of gentleness")
	}
}

func TestRemedyID(t *testing.T) {
	r := Remedy{ID: "stop:a:b"}
	if r.Kind() != Stop || r.Target() != "a:b" {
		t.Errorf("%q: %q, %q", r.ID, r.Kind(), r.Target())
	}
	if r = (Remedy{ID: "port"}); r.Kind() != Port || r.Target() != "" {
		t.Errorf("%q: %q, %q", r.ID, r.Kind(), r.Target())
	}
}

func FuzzFill(f *testing.F) {
	f.Add("systemctl stop {unit} {", "x")
	f.Fuzz(func(t *testing.T, text, value string) {
		got := Fill(text, func(string) string { return value })
		if !strings.Contains(text, "{") && got != text {
			t.Errorf("Fill(%q) = %q", text, got)
		}
	})
}
