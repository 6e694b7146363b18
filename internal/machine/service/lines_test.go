package service

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func TestPickKeepsThePortsLinesAndTheLastOnes(t *testing.T) {
	var lines []fact.LogLine
	for _, text := range []string{
		"bind() to 0.0.0.0:80 failed (98: Address already in use)",
		"worker 80 exited",
		"listening on :8080",
		"could not bind to port 80",
		"('0.0.0.0', 80) refused",
		"request took 80 ms",
		"a", "b", "c", "d", "e",
	} {
		lines = append(lines, fact.LogLine{Text: text})
	}
	texts := func(ports ...uint16) (out []string) {
		for _, l := range pick(lines, ports) {
			out = append(out, l.Text)
		}
		return out
	}
	want := []string{lines[0].Text, lines[3].Text, lines[4].Text, "a", "b", "c", "d", "e"}
	if d := cmp.Diff(want, texts(80)); d != "" {
		t.Errorf("port 80 (-want +got)\n%s", d)
	}
	want = []string{lines[0].Text, lines[2].Text, lines[3].Text, "a", "b", "c", "d", "e"}
	if d := cmp.Diff(want, texts(8080)); d != "" {
		t.Errorf("port 8080: a failing bind counts for any port (-want +got)\n%s", d)
	}
	want = []string{lines[0].Text, lines[3].Text, "a", "b", "c", "d", "e"}
	if d := cmp.Diff(want, texts()); d != "" {
		t.Errorf("no port: a failing bind still counts (-want +got)\n%s", d)
	}
}
