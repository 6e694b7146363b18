package scm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// What sc prints of one service, with keys in five languages. The padding is that
// of the English keys, as in the translations.
const (
	query = `
SERVICE_NAME: HTTP 
DISPLAY_NAME: HTTP Service
        TYPE               : 1  KERNEL_DRIVER  
        STATE              : 4  RUNNING 
                                (STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0

SERVICE_NAME: Spooler
DISPLAY_NAME: Print Spooler
        TYPE               : 110  WIN32_OWN_PROCESS  (interactive)
        STATE              : 1  STOPPED 
        WIN32_EXIT_CODE    : 1068  (0x42c)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
`
	german = `
C:\Windows\system32>sc queryex W3SVC

SERVICE_NAME: W3SVC
        TYP                : 20  WIN32_SHARE_PROCESS
        STATUS             : 4  RUNNING
                                (STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_BEENDIGUNGSCODE : 0  (0x0)
        DIENST_BEENDIGUNGSCODE: 0  (0x0)
        PRÜFPUNKT          : 0x0
        WARTEHINWEIS       : 0x0
        PID                : 1234
        FLAGS              :
`
	japanese = `
SERVICE_NAME: Spooler
        種類               : 10  WIN32_OWN_PROCESS
        開始の種類         : 2   AUTO_START  (DELAYED)
        エラー制御         : 1   NORMAL
        バイナリ パス名    : C:\Windows\System32\spoolsv.exe
        読み込み順序グループ: SpoolerGroup
        タグ               : 0
        表示名             : 印刷スプーラー
        依存関係           : RPCSS
                           : http
                           : +NetworkProvider
        サービス開始名     : LocalSystem
`
	spanish = `
NOMBRE_SERVICIO: http
        TIPO               : 1  KERNEL_DRIVER
        TIPO_INICIO        : 4   DISABLED
        CONTROL_ERROR      : 1   NORMAL
        NOMBRE_RUTA_BINARIO: \SystemRoot\system32\drivers\HTTP.sys
        GRUPO_ORDEN_CARGA  :
        ETIQUETA           : 0
        NOMBRE_MOSTRAR     : Servicio HTTP
        DEPENDENCIAS       :
        NOMBRE_INICIO_SERVICIO:
`
	dependents = `
C:\>sc enumdepend http 4096
[SC] EnumDependentServices: entriesread = 1

SERVICE_NAME: W3SVC
DISPLAY_NAME: World Wide Web Publishing Service
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 4  RUNNING
                                (STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0

C:\>sc query RpcSs

SERVICE_NAME: RpcSs
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 4  RUNNING
                                (NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
`
)

func listings(text string) []Listing { return FindListings(strings.Split(text, "\n")) }

// shown is a listing in short.
func shown(l Listing) string {
	u, w := l.Unit, l.Unit.Windows
	s := fmt.Sprintf("%d-%d %s %q %s", l.From, l.To, u.Name, u.Description, w.Kind)
	for _, x := range []string{u.Active, w.StartWord(), u.User, u.ExecStart} {
		if x != "" {
			s += " " + x
		}
	}
	if u.MainPID != 0 {
		s += fmt.Sprintf(" PID %d", u.MainPID)
	}
	if u.ExitStatus != 0 {
		s += fmt.Sprintf(" exit %d", u.ExitStatus)
	}
	if w.Delayed {
		s += " delayed"
	}
	if w.AcceptsStop != nil {
		s += fmt.Sprintf(" stop %v", *w.AcceptsStop)
	}
	for _, k := range l.Links {
		s += fmt.Sprintf(" %s %s", k.Kind, k.To)
	}
	return s
}

func TestFindListings(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"English": {query, []string{
			`1-9 HTTP "HTTP Service" driver running stop true`,
			`11-18 Spooler "Print Spooler" own-process stopped exit 1068`,
		}},
		"German":   {german, []string{`3-12 W3SVC "" share-process running PID 1234 stop true`}},
		"Japanese": {japanese, []string{`1-12 Spooler "印刷スプーラー" own-process automatic LocalSystem C:\Windows\System32\spoolsv.exe delayed depends-on unit:RPCSS depends-on unit:HTTP`}},
		"Spanish":  {spanish, []string{`1-10 HTTP "Servicio HTTP" driver disabled \SystemRoot\system32\drivers\HTTP.sys`}},
		"dependents": {dependents, []string{
			`4-12 W3SVC "World Wide Web Publishing Service" share-process running stop true depends-on unit:HTTP`,
			`16-23 RpcSs "" share-process running stop false`,
		}},
	} {
		var got []string
		for _, l := range listings(c.text) {
			got = append(got, shown(l))
			for _, k := range l.Links {
				if k.From != l.Unit.ID {
					t.Errorf("%s: %+v", name, k)
				}
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestDependenciesWithGroups(t *testing.T) {
	got := listings(japanese)
	if len(got) != 1 || !slices.Equal(got[0].Unit.Windows.DependsOn, []string{"RPCSS", "http", "+NetworkProvider"}) {
		t.Errorf("%+v", got)
	}
}

// As people paste it: without indentation or blank lines, with twice as many, with
// a sentence around it, with hard blanks of a web page.
func TestListingsAsTheyArePasted(t *testing.T) {
	all := query + german + japanese + spanish + dependents
	want := listings(all)
	if len(want) != 7 {
		t.Fatalf("%d listings", len(want))
	}
	compacted := strings.Join(slices.DeleteFunc(strings.Split(all, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" }), "\n")
	flat := strings.ReplaceAll(strings.ReplaceAll(compacted, "  ", " "), "\n ", "\n")
	for name, text := range map[string]string{
		"no blank lines": compacted, "flat": flat,
		"CRLF":                strings.ReplaceAll(all, "\n", "\r\n"),
		"double spaced":       strings.ReplaceAll(all, "\n", "\n\n"),
		"hard blanks":         strings.ReplaceAll(all, "  ", "\u00a0 "),
		"a sentence above":    "This is what I get: see below\n" + strings.TrimSpace(all),
		"a sentence below":    all + "Result of all this: nothing works\n",
		"a prompt that stays": "PS C:\\> sc.exe query\n" + strings.TrimSpace(all),
	} {
		got := listings(text)
		if len(got) != len(want) {
			t.Errorf("%s: %d listings, want %d", name, len(got), len(want))
			continue
		}
		for i := range got {
			if d := cmp.Diff(want[i].Unit, got[i].Unit); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}

// What only looks like a listing is none.
func TestNoListing(t *testing.T) {
	for _, text := range []string{
		"", "SERVICE_NAME: HTTP", "SERVICE_NAME: HTTP\nTYPE : 1 KERNEL_DRIVER",
		"SERVICE_NAME: HTTP\nTYPE : 1 KERNEL_DRIVER\nSTATE : 4 STOPPED", // the number and the word differ
		"SERVICE_NAME: HTTP\nTYPE : 1 driver\nSTATE : 4 RUNNING",
		"TYPE : 1 KERNEL_DRIVER\nSTATE : 4 RUNNING",
		"[SC] OpenService: 1060\nTYPE : 1 KERNEL_DRIVER\nSTATE : 4 RUNNING",
		"Image Name: System\nPID: 4",
	} {
		if got := listings(text); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// A listing that is cut off says what it has.
func TestListingIsCutOff(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(japanese), "\n")
	for n, want := range map[int]string{
		3: `0-2 Spooler "" own-process automatic delayed`,
		5: `0-4 Spooler "" own-process automatic C:\Windows\System32\spoolsv.exe delayed`,
		8: `0-7 Spooler "印刷スプーラー" own-process automatic C:\Windows\System32\spoolsv.exe delayed`,
	} {
		got := FindListings(lines[:n])
		if len(got) != 1 || shown(got[0]) != want {
			t.Errorf("%d lines: %+v", n, got)
		}
	}
}

func TestMerge(t *testing.T) {
	query, config := listings(query)[1].Unit, listings(japanese)[0].Unit
	for _, u := range []fact.Unit{Merge(query, config), Merge(config, query)} {
		if u.Active != "stopped" || u.Windows.StartWord() != "automatic" || u.ExecStart == "" || u.ExitStatus != 1068 || len(u.Windows.DependsOn) != 3 || !u.Windows.Delayed {
			t.Errorf("%+v %+v", u, u.Windows)
		}
		if !strings.Contains(u.Evidence, "sc query") || !strings.Contains(u.Evidence, "sc qc") {
			t.Error(u.Evidence)
		}
	}
	if u := Merge(fact.Unit{Name: "x"}, fact.Unit{User: "y"}); u.Name != "x" || u.User != "y" {
		t.Errorf("%+v", u)
	}
}

func FuzzFindListings(f *testing.F) {
	for _, s := range []string{query, german, japanese, spanish, dependents, "İİ ENUMDEPEND \"a b\"\n" + query, "a: b\n: 1 WIN32\n: 2 AUTO_START\n: 1 NORMAL\n:\n:\n: 0\n:\n: +\n: x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		last := -1
		for _, l := range FindListings(lines) {
			if l.From <= last || l.To < l.From || l.To >= len(lines) || l.Unit.Name == "" || l.Unit.ID == "" || l.Unit.Windows == nil {
				t.Fatalf("%+v after line %d of %d", l, last, len(lines))
			}
			last = l.To
		}
	})
}

func BenchmarkFindListings(b *testing.B) {
	lines := strings.Split(strings.Repeat(query+german+japanese, 100), "\n")
	for b.Loop() {
		FindListings(lines)
	}
}
