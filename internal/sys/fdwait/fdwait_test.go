package fdwait

import "testing"

func TestParseCall(t *testing.T) {
	c, ok := parseCall([]byte("288 0x3 0xc0000a 0xc00010 0x80800 0x0 0x0 0x7ffd2 0x40301e\n"))
	if !ok || c.number != 288 || c.args[0] != 3 || c.args[3] != 0x80800 {
		t.Errorf("got %+v %v", c, ok)
	}
	for _, text := range []string{"", "running\n", "-1 0x7ffe 0x7f1c\n", "288 0x3\n", "288 3 3 3 3 3 3 3 3\n"} {
		if c, ok := parseCall([]byte(text)); ok {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}

const epollInfo = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\n" +
	"tfd:        6 events:       19 data:                6  pos:0 ino:1a7b sdev:8\n" +
	"tfd:       11 events: 80002019 data: ffffffff00000000  pos:0 ino:21 sdev:d\n"

func TestWatches(t *testing.T) {
	if !watches([]byte(epollInfo), []int{3, 11}) {
		t.Error("11 is in the set")
	}
	if watches([]byte(epollInfo), []int{1, 60}) {
		t.Error("neither 1 nor 60 is in the set")
	}
}

func TestCloseOnExec(t *testing.T) {
	for text, want := range map[string]bool{epollInfo: true, "pos:\t0\nflags:\t02\n": false} {
		if set, ok := CloseOnExec([]byte(text)); set != want || !ok {
			t.Errorf("%q: got %v %v", text, set, ok)
		}
	}
	if _, ok := CloseOnExec([]byte("pos:\t0\n")); ok {
		t.Error("a text without flags has no answer")
	}
}

func FuzzTexts(f *testing.F) {
	f.Add([]byte("288 0x3 0xc0000a 0xc00010 0x80800 0x0 0x0 0x7ffd2 0x40301e\n"))
	f.Add([]byte("running\n"))
	f.Add([]byte(epollInfo))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := parseCall(b); ok && c.number < 0 {
			t.Errorf("negative call %d", c.number)
		}
		if watches(b, nil) {
			t.Error("an empty list is never watched")
		}
		CloseOnExec(b)
	})
}
