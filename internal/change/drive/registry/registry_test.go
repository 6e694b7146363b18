package registry

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

// tree is a registry: keys by their name in lower case, values of each.
type tree struct {
	keys map[string]map[string]value
	fail map[string]error // by call
	deaf bool             // says yes and does nothing
}

type value struct {
	kind uint32
	data string
}

func newTree(keys ...string) *tree {
	t := &tree{keys: map[string]map[string]value{}, fail: map[string]error{}}
	for _, k := range keys {
		t.keys[strings.ToLower(k)] = map[string]value{}
	}
	return t
}

func (t *tree) at(k key) map[string]value { return t.keys[strings.ToLower(k.String())] }

func (t *tree) driver() Driver {
	return Driver{calls{
		get: func(k key, name string) (uint32, []byte, error) {
			v, ok := t.at(k)[name]
			if !ok {
				return 0, nil, errAbsent
			}
			return v.kind, []byte(v.data), t.fail["get"]
		},
		set: func(k key, name string, kind uint32, data []byte) error {
			if t.at(k) == nil {
				return errAbsent
			}
			if t.fail["set"] == nil && !t.deaf {
				t.at(k)[name] = value{kind, string(data)}
			}
			return t.fail["set"]
		},
		remove:  func(k key, name string) error { delete(t.at(k), name); return t.fail["remove"] },
		hasKey:  func(k key) (bool, error) { return t.at(k) != nil, t.fail["hasKey"] },
		makeKey: t.makeKey, removeKey: t.removeKey,
	}}
}

func (t *tree) makeKey(k key) error {
	for at, ok := k, true; ok; at, ok = at.above() {
		if t.at(at) == nil {
			t.keys[strings.ToLower(at.String())] = map[string]value{}
		}
	}
	return t.fail["makeKey"]
}

func (t *tree) removeKey(k key) error {
	name := strings.ToLower(k.String())
	if t.keys[name] == nil {
		return errAbsent
	}
	for other := range t.keys {
		if strings.HasPrefix(other, name+`\`) {
			return errInUse
		}
	}
	if len(t.keys[name]) > 0 {
		return errInUse
	}
	delete(t.keys, name)
	return nil
}

func subject(key, value string) plan.Subject {
	return plan.Subject{Kind: plan.Registry, Name: key, Of: map[string]string{"value": value}}
}

const http = `HKEY_LOCAL_MACHINE\SYSTEM\HTTP`

// What a step does and undoes, byte for byte, whatever the type says of the bytes.
func TestRoundTrip(t *testing.T) {
	for _, after := range []plan.State{
		{"exists": "yes", "type": "REG_DWORD", "data": "\x01\x00\x00\x00"},
		{"exists": "yes", "type": "REG_MULTI_SZ", "data": "1\x00\x00\x00\x00\x00"},
		{"exists": "yes", "type": "REG_SZ", "data": "a"}, // odd, and without its zero
		{"exists": "yes", "type": "REG_NONE", "data": ""},
		{"exists": "yes", "type": "4294901760", "data": "\xff\xfe"},
		{"type": "REG_SZ"},
		{"data": "x"},
		{"exists": "no"},
	} {
		r := newTree(http)
		r.keys[strings.ToLower(http)]["Start"] = value{3, "\x00\xff"}
		d, s := r.driver(), subject(http, "Start")
		step := plan.Step{Subject: s, After: after}
		var err error
		if step.Before, err = d.Read(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.Set(t.Context(), s, step.Before, after); err != nil {
				t.Errorf("%v: %v", after, err)
			}
		}
		if got, err := d.Read(t.Context(), s); err != nil || len(plan.Differs(after, got)) > 0 {
			t.Errorf("%v: %v, %v", after, got, err)
		}
		for range 2 {
			if err := d.Set(t.Context(), s, step.Before, step.Back()); err != nil {
				t.Errorf("%v: %v", after, err)
			}
		}
		if d := cmp.Diff(value{3, "\x00\xff"}, r.keys[strings.ToLower(http)]["Start"], cmp.AllowUnexported(value{})); d != "" {
			t.Errorf("%v: %s", after, d)
		}
	}
}

// A key that was missing goes again, with those above it that were missing too.
func TestKeyThatWasMissing(t *testing.T) {
	r := newTree(`HKEY_LOCAL_MACHINE\SYSTEM`)
	d, s := r.driver(), subject(`HKLM\SYSTEM\A\B`, "x")
	before, err := d.Read(t.Context(), s)
	want := plan.State{"exists": "no", "key-exists": "no", "key-above": `HKEY_LOCAL_MACHINE\SYSTEM`}
	if diff := cmp.Diff(want, before); diff != "" || err != nil {
		t.Fatal(err, diff)
	}
	after := plan.State{"exists": "yes", "key-exists": "yes", "type": "REG_SZ", "data": "\x00\x00"}
	if err := d.Set(t.Context(), s, before, after); err != nil {
		t.Fatal(err)
	}
	back := plan.Step{Before: before, After: after}.Back()
	kept := maps.Clone(r.keys[`hkey_local_machine\system\a\b`])
	r.keys[`hkey_local_machine\system\a\b`]["theirs"] = value{}
	if err := d.Set(t.Context(), s, before, back); err == nil || !strings.Contains(err.Error(), "something else is in it") {
		t.Error("somebody else's value:", err)
	}
	r.keys[`hkey_local_machine\system\a\b`] = kept
	for range 2 {
		if err := d.Set(t.Context(), s, before, back); err != nil {
			t.Error(err)
		}
	}
	if got := slices.Sorted(maps.Keys(r.keys)); !cmp.Equal(got, []string{`hkey_local_machine\system`}) {
		t.Errorf("left behind: %q", got)
	}
}

func TestNearestIsTheRoot(t *testing.T) {
	got, err := newTree().driver().Read(t.Context(), subject(`HKCU\Nothing`, ""))
	if err != nil || got["key-above"] != "HKEY_CURRENT_USER" {
		t.Error(got, err)
	}
}

func TestRefusals(t *testing.T) {
	full := plan.State{"exists": "yes", "type": "REG_SZ", "data": "\x00\x00"}
	for name, c := range map[string]struct {
		fail, words string
		to          plan.State
	}{
		"closed for writing":  {"set", "permission denied", full},
		"closed for reading":  {"hasKey", "permission denied", full},
		"no type":             {"", "a type and data are needed", plan.State{"exists": "yes", "data": ""}},
		"no such type":        {"", `"REG_TEXT" is no type`, plan.State{"exists": "yes", "type": "REG_TEXT", "data": ""}},
		"a value and no key":  {"", "cannot be in a key", plan.State{"exists": "yes", "key-exists": "no"}},
		"a type out of range": {"", "is no type", plan.State{"exists": "yes", "type": "4294967296", "data": ""}},
	} {
		r := newTree(http)
		if c.fail != "" {
			r.fail[c.fail] = errDenied
		}
		err := r.driver().Set(t.Context(), subject(http, "x"), nil, c.to)
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, fs.ErrPermission) != (c.fail != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSuccessWithoutADeed(t *testing.T) {
	r := newTree(http)
	r.deaf = true
	err := r.driver().Set(t.Context(), subject(http, "x"), nil, plan.State{"exists": "yes", "type": "REG_SZ", "data": "\x00\x00"})
	if err == nil || !strings.Contains(err.Error(), "reported success") {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	for name, want := range map[string]string{
		`HKLM\SYSTEM\x`:                `HKEY_LOCAL_MACHINE\SYSTEM\x`,
		`hkey_local_machine\SYSTEM\x\`: `HKEY_LOCAL_MACHINE\SYSTEM\x`,
		`HKU\S-1-5-19\x`:               `HKEY_USERS\S-1-5-19\x`,
		`HKCR\.txt`:                    `HKEY_CLASSES_ROOT\.txt`,
		`HKLM`:                         "", `HKLM\`: "", `SYSTEM\x`: "", ``: "", `HKLM\a\\b`: "", "HKLM\\a\x00": "", `HKPD\x`: "",
	} {
		k, err := parseKey(name)
		if (err == nil) != (want != "") || err == nil && k.String() != want {
			t.Errorf("%q: %q, %v", name, k, err)
		}
	}
	for n := range uint32(14) {
		if got, err := parseKind(kindWord(n)); got != n || err != nil {
			t.Errorf("%d: %d, %v", n, got, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{http, `HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\`, `hkcu\x`, `HKU\.DEFAULT`, `HKLM\\`, "HKCR\\\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := parseKey(s)
		if err != nil {
			return
		}
		if again, err := parseKey(k.String()); err != nil || again != k {
			t.Errorf("%q: %v, then %v, %v", s, k, again, err)
		}
		for up, ok := k.above(); ok; up, ok = up.above() {
			if !below(k, up.String()) {
				t.Errorf("%v is not below %v", k, up)
			}
		}
	})
}
