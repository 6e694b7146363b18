package shape

import "testing"

func TestReadable(t *testing.T) {
	for raw, want := range map[string]string{
		"Request queue name: Pool":  "Request queue name: Pool",
		"Größe: 1":                  "Größe: 1",
		"Gr\x94\xe1e: 1":            "Gr\uf794\uf7e1e: 1",    // 850
		"\x97v\x8b\x81\x81\x42":     "\uf797v\uf78b\uf781。",  // 932, a full stop at the end
		"\xb0\xe6\xa3\xba1":         "\uf7b0\uf7e6：1",        // 936, a full-width colon
		"\xaa\xac\xba\x41\xa1\x47x": "\uf7aa\uf7ac\uf7baA：x", // 950
		"\x81\x46\x81\x46":          "：：",                    // 932
		"\ufffd\x81":                "\ufffd\uf781",
	} {
		if got := Readable(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestCutLabel(t *testing.T) {
	for text, want := range map[string][2]string{
		"IP:Port   : 0.0.0.0:80": {"IP:Port", "0.0.0.0:80"},
		"名前：値":                   {"名前", "値"},
		"État : actif":           {"État", "actif"},
		"Process IDs:":           {"Process IDs", ""},
	} {
		if label, value, ok := CutLabel(text); !ok || label != want[0] || value != want[1] {
			t.Errorf("%q: %q, %q, %v", text, label, value, ok)
		}
	}
	for _, text := range []string{"", "C:\\x", ": value", "12:30"} {
		if label, value, ok := CutLabel(text); ok {
			t.Errorf("%q: %q, %q", text, label, value)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("\ufeffA: b\r\n\t\u3000HTTP://+:80/\n---\n  12\nHTTPS://[::1]:443:[::1]/")
	f.Add("\x97v\x8b\x81\x83L\x83\x85\x81[\x96\xbc: \x81\x46\xa3\xba")
	f.Fuzz(func(t *testing.T, text string) {
		for i, l := range Split(text) {
			if l.N != i+1 || l.Indent < 0 || (l.Kind == Pair) != (l.Value != "") || l.Kind == Blank && l.Text != "" {
				t.Fatalf("%+v", l)
			}
			if u, ok := ParseURL(l.Text); ok && (u.Port == 0 || u.Host == "") {
				t.Fatalf("%q: %+v", l.Text, u)
			}
		}
	})
}
