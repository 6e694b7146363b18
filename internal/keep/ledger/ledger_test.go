package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const good = `# our ports
[[promise]]
port = 80                      # or "8000-8099"
proto = "tcp"
address = "*"
owner = "unit:nginx.service"   # unit: service: exe: ...
reason = "public web"
policy = "alert"

[[promise]] # the second
port = "8000-8099"
address = "127.0.0.1"
owner = ["user:ann", "exe:node -- app.js"]
policy = "restore"
remedy = "stop:other.service"
`

func TestParse(t *testing.T) {
	l, err := Parse("berth.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range l.Promises {
		got = append(got, strings.Join([]string{p.Where.String(), p.Endpoint(), p.Owner(), p.Reason, string(p.Policy), p.Remedy}, " | "))
	}
	want := []string{
		"berth.toml:2 | 80/tcp | unit:nginx.service | public web | alert | ",
		"berth.toml:10 | 127.0.0.1:8000-8099/tcp | user:ann or exe:node -- app.js |  | restore | stop:other.service",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n := len(l.Ports()); n != 101 {
		t.Errorf("%d ports", n)
	}
}

// Each mistake beside the good text that it was made in: where it is, what is wrong,
// what to do.
func TestParseIsStrict(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"port = 80 ", "port = 99999 ", `f:3: 99999 is no port: write one of 1 to 65535, or a range such as "8000-8099"`},
		{"port = 80 ", "port = 0 ", "f:3: 0 is no port: "},
		{"port = 80 ", `port = "http" `, `f:3: "http" is no port or range of ports: `},
		{"port = 80 ", `port = "90-80" `, `f:3: "90-80" is no port or range of ports: `},
		{"port = 80 ", `port = true `, `f:3: the port is no number: `},
		{"port = 80 ", "# none ", "f:2: this promise has no port: add port = 80"},
		{`owner = "unit:nginx.service"`, "", `f:2: this promise has no owner: add owner = "unit:nginx.service"`},
		{"unit:nginx.service", "nginx", `f:6: "nginx" is no owner: begin it with unit:, `},
		{"unit:nginx.service", "unit:", `f:6: "unit:" names nobody: `},
		{"unit:nginx.service", "prefix:app", `f:6: "app" is no URL prefix: `},
		{`"unit:nginx.service"`, "7", "f:6: the owner is no text and no list of texts: "},
		{`"user:ann"`, "7", `f:13: "" is no owner: `},
		{`proto = "tcp"`, `proto = "tpc"`, `f:4: "tpc" is no protocol that has promises: write "tcp" or "udp"`},
		{`address = "*"`, `address = "web1"`, `f:5: "web1" is no address: `},
		{`policy = "alert"`, `policy = "kill"`, `f:8: "kill" is no policy: `},
		{`remedy = "stop:other.service"`, `remedy = "kill:7"`, `f:15: a promise may not be restored by "kill": `},
		{`remedy = "stop:other.service"`, `remedy = "wait"`, `f:15: "wait" is no remedy that can be applied unasked: `},
		{`policy = "restore"`, `policy = "alert"`, "f:15: a remedy is named, and the policy is not to apply it: "},
		{`remedy = "stop:other.service"`, "", `f:14: nothing here can be started or applied to restore it: `},
		{`remedy = "stop:other.service"`, `remedy = "move:a"`, `f:15: "move:a" is no remedy that can be applied unasked: `},
		{`reason = "public web"`, `raeson = "public web"`, `f:7: "promise.raeson" is not known here: a promise has port, proto, `},
		{`reason = "public web"`, `reason = 7`, `f:7: "reason" is no text: write it in quotes`},
		{`reason = "public web"`, `reason = "a\u001b"`, `f:7: reason holds a line end or another control character: `},
		{`"8000-8099"` + "\naddress = \"127.0.0.1\"", `"75-90"`, "f:11: 75-90/tcp is promised already in line 2, as 80/tcp: keep one of the two"},
		{"# our ports", "[settings]\na = 1", `f:1: "settings" is not known here: a ledger holds nothing but [[promise]]`},
		{"# our ports", "[[promise]", "f:1: expected ']]' to close array table name: correct the line"},
		{`"unit:nginx.service"`, "nginx", `f:6: this is neither a number nor a text in quotes: write a text as "nginx"`},
		{"port = 80 ", "port = 80\nport = 81 ", "f:4: key port is already defined: correct the line"},
		{"port = 80 ", "port = 80\nPort = 81 ", `f:4: "promise.Port" is not known here: keys are written small: port`},
		{"port = 80 ", "port = 080 ", "f:3: integers cannot have leading zeroes: correct the line"},
		{"port = 80 ", "port 80 ", "f:3: expected '=' after key: correct the line"},
		{good, "# one\n[promise]\nport = 80\nowner = \"user:a\"\n", "f:2: this is no [[promise]]: begin each promise with a line [[promise]]"},
		{good, "promise = 7", "f:1: this is no [[promise]]: begin each promise with a line [[promise]]"},
		{good, "\xff\xfe[\x00", "f:1: "},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%q is not in the text", c.old)
		}
		if _, err := Parse("f", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s → %s:\n got  %v\n want %s", c.old, c.new, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line:\n%v", c.new, err)
		}
	}
	two := strings.Replace(strings.Replace(good, "port = 80 ", "port = 0 ", 1), `"user:ann"`, `"ann"`, 1)
	if _, err := Parse("f", []byte(two)); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: %v", err)
	}
	if l, err := Parse("f", nil); err != nil || len(l.Promises) != 0 {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := Parse("f", []byte(strings.Repeat("#", MaxSize+1))); err == nil {
		t.Error("a file of any size is read")
	}
}

// Ports, addresses and protocols that do not meet are promised side by side.
func TestMeets(t *testing.T) {
	parse := func(s string) Promise {
		l, err := Parse("f", []byte("[[promise]]\nowner = \"user:a\"\n"+s))
		if err != nil {
			t.Fatal(err)
		}
		return l.Promises[0]
	}
	web := parse("port = 80\naddress = \"192.0.2.1\"")
	for s, want := range map[string]bool{
		"port = 80": true, `port = "70-80"`: true, `port = "81-90"`: false, "port = 80\nproto = \"udp\"": false,
		"port = 80\naddress = \"192.0.2.2\"": false, "port = 80\naddress = \"::ffff:192.0.2.1\"": true,
	} {
		if p := parse(s); web.Meets(p) != want || p.Meets(web) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}

// The nearest file counts; another owner in a farther one is said, the same is not.
func TestFindAndMerge(t *testing.T) {
	top, config := t.TempDir(), t.TempDir()
	deep := filepath.Join(top, "a", "b")
	write := func(dir, text string) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, Name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(config, "[[promise]]\nport = 22\nowner = \"user:root\"\n")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := Find(deep, []string{t.TempDir(), config})
	if err != nil || len(files) != 1 || files[0] != filepath.Join(config, Name) {
		t.Fatalf("without one above: %v, %v", files, err)
	}
	write(deep, "[[promise]]\nport = 80\nowner = \"user:ann\"\n")
	write(top, "[[promise]]\nport = 80\nowner = \"user:bob\"\n[[promise]]\nport = 81\nowner = \"user:bob\"\n")
	files, err = Find(deep, []string{config})
	if err != nil || len(files) != 2 || files[0] != filepath.Join(deep, Name) {
		t.Fatalf("%v, %v", files, err)
	}
	l, err := Load(files...)
	if err != nil || len(l.Promises) != 2 || l.Promises[0].Owner() != "user:ann" || len(l.Conflicts) != 1 || l.Conflicts[0].Dropped.Owner() != "user:bob" {
		t.Errorf("%+v, %v", l, err)
	}
	write(top, "[[promise]]\nport = \"75-85\"\nowner = \"user:ann\"\n")
	if l, err = Load(files...); err != nil || len(l.Promises) != 1 || len(l.Conflicts) != 0 {
		t.Errorf("the same owner: %+v, %v", l, err)
	}
	write(top, "port = 1")
	if _, err = Load(files...); err == nil || !strings.HasPrefix(err.Error(), filepath.Join(top, Name)+":1: ") {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err = Load(top); err == nil {
		t.Error("a folder is read")
	}
}

// Every built-in ledger is one, and each of its ports says what it is for.
func TestProfiles(t *testing.T) {
	for _, name := range Profiles() {
		l, ok := Profile(strings.ToUpper(name))
		if !ok || len(l.Promises) < 4 {
			t.Fatalf("%s: %v", name, l)
		}
		for _, p := range l.Promises {
			if p.Module == "" || p.Reason == "" {
				t.Errorf("%s: %s has no module or reason", name, p.Where)
			}
		}
	}
	if _, ok := Profile("mamp"); ok {
		t.Error("a profile that is none")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(strings.ReplaceAll(good, "\n", "\r\n")))
	f.Add([]byte("\xef\xbb\xbf[[promise]]\nport=1\nowner='user:a'"))
	f.Add([]byte("promise = [{port = 80, owner = \"user:a\"}]"))
	f.Add([]byte("[[promise]]\nport = 80\nowner = \"\"\"\n[[promise]]\n\"\"\""))
	f.Add([]byte("[[promise]]\n[[promise.port]]\nowner = [[[[1]]]]"))
	for _, name := range Profiles() {
		text, err := profiles.ReadFile("profiles/" + name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Parse("f", text)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f:") {
					t.Fatalf("a line without a place: %q", err.Error())
				}
			}
			return
		}
		for i, p := range l.Promises {
			if p.From < 1 || p.From > p.To || len(p.Owners) == 0 || p.Where.Line < 1 {
				t.Fatalf("%+v", p)
			}
			for _, q := range l.Promises[:i] {
				if q.Meets(p) {
					t.Fatalf("%+v\n%+v", q, p)
				}
			}
		}
	})
}

// Brackets without end are refused, and not with the memory of the machine.
func TestDeepNesting(t *testing.T) {
	if _, err := Parse("f", []byte("a = "+strings.Repeat("[", MaxSize-8))); err == nil {
		t.Error("accepted")
	}
}
