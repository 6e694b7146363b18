package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/catalog"
)

// good is an entry without a fault; each case of the tests below breaks one thing.
const good = `# preface

[[entry]]
id = "nginx"
kind = "holder"
name = "nginx"
match = [ { comm = "nginx", port = [80, "8000-8099"] }, { unit = ["nginx.service"] } ]
purpose = "A web server."
basis = "general"
source = "https://nginx.org/en/docs/"
examples = [ { comm = "nginx", port = 80 } ]
counterExamples = [ { comm = "apache2", port = 80 } ]

[[entry.remedies]]
id = "move"
text = "Change listen from {port}."

[[entry.remedies]]
id = "stop:{unit}"
effect = "The sites are away."

[[entry.warn]]
advice = "kill -9"
why = "It comes back."
`

func TestLoad(t *testing.T) {
	rows, err := Load("f.toml", []byte(good+strings.Replace(good[strings.Index(good, header):], `"nginx"`, `"nginx-2"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Line != 3 || rows[1].ID != "nginx-2" || rows[1].File != "f.toml" {
		t.Fatalf("%+v", rows)
	}
	want := []catalog.Pattern{
		{Comm: []string{"nginx"}, Port: []catalog.PortRange{{From: 80, To: 80}, {From: 8000, To: 8099}}},
		{Unit: []string{"nginx.service"}},
	}
	if diff := cmp.Diff(want, rows[0].Match); diff != "" {
		t.Error(diff)
	}
	stop := catalog.Remedy{
		ID: "stop:{unit}", Text: "sudo systemctl stop {unit}", Effect: "The sites are away.",
		Undo: "sudo systemctl start {unit}", Reversal: catalog.Restartable,
	}
	if diff := cmp.Diff(stop, rows[0].Remedies[1]); diff != "" {
		t.Error(diff)
	}
}

// What Windows calls its parts fills the usual words in.
func TestServicesAndFeaturesFillRemedies(t *testing.T) {
	text := strings.Replace(good, `id = "stop:{unit}"`, "id = \"stop:W3SVC\"", 1) +
		"[[entry.remedies]]\nid = \"startup:W3SVC\"\n[[entry.remedies]]\nid = \"feature:IIS-WebServerRole\"\n" +
		"[[entry.services]]\nname = \"W3SVC\"\ndisplay = \"World Wide Web\"\n[[entry.http]]\nurl = \"http://+:80/a/\"\nreserved = true\nsddl = \"D:(A;;GX;;;WD)\"\neverywhere = true\nusual = 3\n"
	text = strings.Replace(text, "basis", "features = \"IIS-WebServerRole\"\nbasis", 1)
	rows, err := Load("f.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e := rows[0].Entry
	if diff := cmp.Diff([]catalog.Service{{Name: "W3SVC", Display: "World Wide Web"}}, e.Services); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]catalog.Prefix{{URL: "http://+:80/a/", Reserved: true, SDDL: "D:(A;;GX;;;WD)", Everywhere: true, Usual: 3}}, e.HTTP); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"IIS-WebServerRole"}, e.Features); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{"sc.exe stop W3SVC (as administrator)", "sc.exe config W3SVC start= demand (as administrator;", "dism /online /disable-feature /featurename:IIS-WebServerRole (as administrator;"} {
		if r := e.Remedies[i+1]; !strings.HasPrefix(r.Text, want) || r.Undo == "" || r.Reversal == "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	// One letter away there is nothing to fill in.
	if _, err := Load("f.toml", []byte(strings.Replace(text, `name = "W3SVC"`, `name = "W3SVCS"`, 1))); err == nil {
		t.Error("a service that the entry does not name has a standard text")
	}
	if _, err := Load("f.toml", []byte(strings.Replace(text, `features = "IIS-WebServerRole"`, `features = "IIS"`, 1))); err == nil || !strings.Contains(err.Error(), "text is missing") {
		t.Errorf("a feature that the entry does not name: %v", err)
	}
}

func TestLoadNothing(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n"} {
		if rows, err := Load("f.toml", []byte(text)); err != nil || len(rows) != 0 {
			t.Errorf("%q: %v, %v", text, rows, err)
		}
	}
}

func TestEveryFaultHasItsLine(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`name = "nginx"`, `nmae = "nginx"`, "f.toml:6: unknown key nmae"},
		{`kind = "holder"`, `kind = "owner"`, `f.toml:5: kind "owner" is none of`},
		{`id = "nginx"`, `id = "Nginx"`, `f.toml:4: id "Nginx": want`},
		{`name = "nginx"`, `name = ""`, "f.toml:6: name is missing"},
		{`"A web server."`, `" A web server."`, "f.toml:8: purpose has space"},
		{`"A web server."`, `"A\nweb server."`, "f.toml:8: purpose holds a line end"},
		{`"A web server."`, `7`, "f.toml:8: "},
		{`basis = "general"`, `basis = "guess"`, "f.toml:9: basis"},
		{`"https://nginx.org/en/docs/"`, `[]`, "f.toml:10: an empty list"},
		{`"https://nginx.org/en/docs/"`, `"nginx manual"`, `f.toml:10: source "nginx manual" is neither`},
		{`"https://nginx.org/en/docs/"`, `"nginx#7"`, `f.toml:10: source "nginx#7" is neither`},
		{`"https://nginx.org/en/docs/"`, `[7]`, `f.toml:10: want text, have 7`},
		{`source = "https://nginx.org/en/docs/"`, ``, "f.toml:3: source is missing"},
		{`comm = "nginx", port`, `name = "nginx", port`, "unknown key"},
		{`[80, "8000-8099"]`, `"90-80"`, `"90-80" is no port`},
		{`[80, "8000-8099"]`, `0`, `"0" is no port`},
		{`[80, "8000-8099"]`, `65536`, `"65536" is no port`},
		{`{ unit = ["nginx.service"] }`, `{ }`, "f.toml:7: a match without fields"},
		{`{ unit = ["nginx.service"] }`, `{ unit = "*" }`, `f.toml:7: unit "*" fits every name`},
		{`{ unit = ["nginx.service"] }`, `{ unit = "a**b" }`, "two stars"},
		{`{ unit = ["nginx.service"] }`, `{ exe = "C:\\nginx" }`, "write paths with slashes"},
		{`{ unit = ["nginx.service"] }`, `{ comm = "/nginx" }`, "has no slash"},
		{`{ unit = ["nginx.service"] }`, `{ os = "macos" }`, `os "macos" is none`},
		{`{ unit = ["nginx.service"] }`, `{ proto = "icmp" }`, `proto "icmp" is unknown`},
		{`{ unit = ["nginx.service"] }`, `{ address = "localhost" }`, `address "localhost" is no address`},
		{`id = "move"`, `id = "reboot"`, `f.toml:15: remedy "reboot": kind "reboot" is none of`},
		{`id = "move"`, `id = "move:"`, `want KIND or KIND:TARGET`},
		{`id = "move"`, `id = "kill"`, `remedy "kill": reversal "" is none of`},
		{`from {port}`, `from {nmae}`, `remedy "move": {nmae} is none of the placeholders`},
		{`text = "Change`, `reversal = "final"` + "\nundo = \"x\"\ntext = \"Change", `remedy "move": is final and has an undo`},
		{`text = "Change listen from {port}."`, ``, `remedy "move": text is missing`},
		{`id = "stop:{unit}"`, `id = "move"`, `remedy "move": text is missing`},
		{`id = "stop:{unit}"`, "id = \"move\"\ntext = \"x\"", `remedy "move": stands twice`},
		{`id = "stop:{unit}"`, "id = \"address\"\ntext = \"x\"", `remedy "address": is gentler`},
		{`why = "It comes back."`, ``, "why is missing"},
		{`examples = [ { comm = "nginx", port = 80 } ]`, ``, "examples are missing"},
		{`counterExamples = [ { comm = "apache2", port = 80 } ]`, ``, "counterExamples are missing"},
		{`examples = [ { comm = "nginx", port = 80 } ]`, `examples = [ { comm = "nginx", port = 81 } ]`, "f.toml:11: example 1 does not fit"},
		{`{ comm = "apache2", port = 80 }`, `{ unit = "nginx.service" }`, "f.toml:12: counter-example 1 fits"},
		{`{ comm = "apache2", port = 80 }`, `{ address = "here" }`, "f.toml:12: address of an example"},
		{`{ comm = "apache2", port = 80 }`, `{ port = 70000 }`, "f.toml:12: "},
		{`basis = "general"`, "proof = \"It listens.\"\nbasis = \"general\"", "f.toml:9: proof is for the blamed: a holder listens"},
		{`kind = "holder"`, `kind = "blamed"`, "f.toml:3: proof is missing"},
		{`basis = "general"`, "services = [{ display = \"x\" }]\nbasis = \"general\"", "f.toml:9: service: name is missing"},
		{`basis = "general"`, "services = [{ name = \"x\", display = \" x\" }]\nbasis = \"general\"", "f.toml:9: service x: display has space"},
		{`basis = "general"`, "services = [{ label = \"x\" }]\nbasis = \"general\"", "f.toml:9: unknown key label"},
		{`basis = "general"`, "features = \"Web Server\"\nbasis = \"general\"", `f.toml:9: feature "Web Server": want one word`},
		{`basis = "general"`, "http = [{ url = \"ftp://+:80/\" }]\nbasis = \"general\"", `f.toml:9: url "ftp://+:80/": want http`},
		{`basis = "general"`, "http = [{ url = \"http://:80/\" }]\nbasis = \"general\"", "want a host name"},
		{`basis = "general"`, "http = [{ url = \"http://+/\" }]\nbasis = \"general\"", "want a port"},
		{`basis = "general"`, "http = [{ url = \"http://+:0/\" }]\nbasis = \"general\"", "want a port"},
		{`basis = "general"`, "http = [{ url = \"http://+:80\" }]\nbasis = \"general\"", "want a slash at its end"},
		{`basis = "general"`, "http = [{ url = \"http://+:80/x\" }]\nbasis = \"general\"", "want a slash at its end"},
		{`basis = "general"`, "http = [{ url = \"http://+:80/x y/\" }]\nbasis = \"general\"", "is no URL prefix"},
		{`basis = "general"`, "http = [{ url = \"http://+:*/\", reserved = true }]\nbasis = \"general\"", "a reservation names its port"},
		{`basis = "general"`, "http = [{ url = \"http://+:80/\", sddl = \"D:(A;;GX;;;WD)\" }]\nbasis = \"general\"", "belong to a reservation"},
		{`basis = "general"`, "http = [{ url = \"http://+:80/\", everywhere = true }]\nbasis = \"general\"", "belong to a reservation"},
		{`basis = "general"`, "http = [{ url = \"http://+:80/\", reserved = true, sddl = \"Everyone\" }]\nbasis = \"general\"", "sddl: want D:("},
		{`basis = "general"`, "http = [{ url = \"http://+:80/\", usual = 4 }]\nbasis = \"general\"", "usual goes from 0 to 3"},
		{`[[entry]]`, "id = 1\n[[entry]]", "f.toml:3: unknown key id"},
		{`[[entry.warn]]`, `[[entry.warn]`, "f.toml:22: "},
		{`basis = "general"`, `basis = "general`, "f.toml:9: "},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%q is not in the entry", c.old)
		}
		_, err := Load("f.toml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %s:\nhave %v\nwant %s", c.old, c.new, err, c.want)
		}
	}
}

func TestCheckLooksAcrossEntries(t *testing.T) {
	exact := strings.NewReplacer(`id = "nginx"`, `id = "closer"`, `{ comm = "nginx", port = [80, "8000-8099"] }, { unit = ["nginx.service"] }`, `{ comm = "nginx", port = 80, proto = "tcp" }`,
		`examples = [ { comm = "nginx", port = 80 } ]`, `examples = [ { comm = "nginx", port = 80, proto = "tcp" } ]`)
	example := strings.NewReplacer(`{ comm = "nginx", port = 80 }`, `{ comm = "nginx", port = 80, proto = "tcp" }`)
	for name, c := range map[string]struct{ a, b, want string }{
		"fine":          {good, exact.Replace(good), ""},
		"same id":       {good, good, `b.toml:3: id "nginx" is also in a.toml:3`},
		"claimed":       {example.Replace(good), exact.Replace(good), "a.toml:3: example 1 of nginx is claimed more exactly by closer"},
		"claimed, said": {example.Replace(strings.Replace(good, "basis", "yieldsTo = \"closer\"\nbasis", 1)), exact.Replace(good), ""},
		"same service": {
			strings.Replace(good, "basis", "services = [{ name = \"W3SVC\" }]\nbasis", 1),
			strings.Replace(exact.Replace(good), "basis", "services = [{ name = \"w3svc\" }]\nbasis", 1), "a.toml:3: service W3SVC is also in closer, b.toml:3",
		},
		"same reservation": {
			strings.Replace(good, "basis", "http = [{ url = \"http://+:80/A/\", reserved = true }]\nbasis", 1),
			strings.Replace(exact.Replace(good), "basis", "http = [{ url = \"http://+:80/a/\", reserved = true }]\nbasis", 1), "a.toml:3: reservation http://+:80/A/ is also in closer, b.toml:3",
		},
		"same registration": {
			strings.Replace(good, "basis", "http = [{ url = \"http://+:80/A/\" }]\nbasis", 1),
			strings.Replace(exact.Replace(good), "basis", "http = [{ url = \"http://+:80/a/\" }]\nbasis", 1), "",
		},
		"yields to whom?": {strings.Replace(good, "basis", "yieldsTo = \"nobody\"\nbasis", 1), exact.Replace(good), `a.toml:3: yieldsTo names "nobody"`},
	} {
		a, err1 := Load("a.toml", []byte(c.a))
		b, err2 := Load("b.toml", []byte(c.b))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		err := Check(append(a, b...))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %s", name, err, c.want)
		}
	}
}

// The entry that the manual shows is one that Load takes.
func TestManualShowsAGoodEntry(t *testing.T) {
	manual, err := os.ReadFile("../../../../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(manual), "```toml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("no entry in the manual")
	}
	rows, err := Load("docs/catalog.md", []byte(text))
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("[[entry]]\nmatch = [ { port = [1, \"2-3\"] } ]\n[[entry]]"))
	f.Add([]byte("a = \"\"\"\n[[entry]]\n\"\"\""))
	files, err := filepath.Glob("../entries/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatal("no entries for seeds", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 4000)])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := Load("f.toml", text)
		if err == nil {
			for i := range rows {
				if len(rows[i].Match) == 0 || len(rows[i].Sources) == 0 || len(rows[i].Examples) == 0 {
					t.Errorf("loaded without match, source or example: %+v", rows[i])
				}
			}
			return
		}
		var where *Error
		if !errors.As(err, &where) || where.Line < 1 || where.Line > strings.Count(string(text), "\n")+1 {
			t.Errorf("%q does not say where", err)
		}
		if hasControl(err.Error()) && !strings.ContainsRune(err.Error(), '\uFFFD') {
			t.Errorf("%q is not one clean line", err)
		}
	})
}
