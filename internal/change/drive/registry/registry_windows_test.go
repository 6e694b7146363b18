package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

// A real registry keeps values of every type as they are given, forms that their
// types do not have included, and is in the end as it was before.
func TestRealRegistry(t *testing.T) {
	const name = `HKEY_CURRENT_USER\Software\berth-drive-registry-test\below`
	d := New()
	absent, err := d.Read(t.Context(), subject(name, "v"))
	if err != nil || absent["key-above"] != `HKEY_CURRENT_USER\Software` {
		t.Fatalf("%v, %v", absent, err)
	}
	for _, v := range []struct{ kind, data string }{
		{"REG_SZ", "a\x00\x00\x00"},
		{"REG_SZ", "a\x00"}, // without a zero at its end
		{"REG_SZ", "odd"},
		{"REG_EXPAND_SZ", "%\x00x\x00%\x00\x00\x00"},
		{"REG_MULTI_SZ", "1\x00\x00\x002\x00\x00\x00\x00\x00"},
		{"REG_MULTI_SZ", ""},
		{"REG_BINARY", "\x00\xff\x01"},
		{"REG_BINARY", string(make([]byte, 5000))},
		{"REG_DWORD", "\x04\x00\x00\x00"},
		{"REG_DWORD", "\x04"},
		{"REG_QWORD", "\x01\x02\x03\x04\x05\x06\x07\x08"},
		{"REG_NONE", ""},
		{"4097", "x"},
	} {
		want := plan.State{"exists": "yes", "key-exists": "yes", "type": v.kind, "data": v.data}
		if err := d.Set(t.Context(), subject(name, "v"), absent, want); err != nil {
			t.Errorf("%s %q: %v", v.kind, v.data, err)
		}
		got, err := d.Read(t.Context(), subject(name, "v"))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s %q: %v %s", v.kind, v.data, err, diff)
		}
	}
	if err := d.Set(t.Context(), subject(name, ""), absent, plan.State{"exists": "yes", "type": "REG_SZ", "data": "\x00\x00"}); err != nil {
		t.Error("the default value:", err)
	}
	if err := d.Set(t.Context(), subject(name, "v"), absent, plan.State{"exists": "no", "key-exists": "no"}); err == nil {
		t.Error("a key with a value in it was deleted")
	}
	for _, value := range []string{"v", ""} {
		if err := d.Set(t.Context(), subject(name, value), absent, plan.State{"exists": "no"}); err != nil {
			t.Error(err)
		}
	}
	if err := d.Set(t.Context(), subject(name, "v"), absent, plan.State{"exists": "no", "key-exists": "no"}); err != nil {
		t.Error(err)
	}
	if got, err := d.Read(t.Context(), subject(name, "v")); err != nil || !cmp.Equal(got, absent) {
		t.Errorf("in the end: %v, %v", got, err)
	}
}
