package sentence

import (
	"encoding/json"
	"testing"
)

func TestJSONSaysTheSame(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ü, 日本, 🚢": `"plain, ü, 日本, 🚢"`, "\u009b2J": `"\u009b2J"`, "\u202egnp.exe": `"\u202egnp.exe"`,
		"\x7f": `"\u007f"`, "\U000e0041": `"\udb40\udc41"`, "a\u200bb": `"a\u200bb"`,
	} {
		doc, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		got := JSON(doc)
		if string(got) != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != in {
			t.Errorf("%q comes back as %q, %v", in, back, err)
		}
	}
}
