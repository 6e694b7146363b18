// Package httpsystest makes other languages' outputs of `netsh http show` out of
// English ones, and damages them as they are damaged on their way into a paste. It
// is for tests: only the shape of a translation is true, most words are made up.
package httpsystest

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// Tongue is a made-up translation: words it has no translation for are spelt with
// other letters.
type Tongue struct {
	words map[string]string
	colon string
	spell func(rune) rune
}

func shift(to rune) func(rune) rune {
	return func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return to + r - 'a'
		}
		return r
	}
}

// turn stays within ASCII.
func turn(by rune) func(rune) rune {
	return func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return 'a' + (r-'a'+by)%26
		}
		return r
	}
}

// Tongues are the languages, by their two letters. Among their labels are ones with
// a colon inside, with a blank before the colon, and with a full-width colon.
func Tongues() map[string]Tongue {
	return map[string]Tongue{
		"ja": {colon: ":", spell: shift('ア'), words: map[string]string{
			"Request queue name": "要求キュー名", "Request queue is unnamed.": "要求キューには名前がありません。", "image": "イメージ",
			"Server session ID": "サーバー セッション ID", "Registered URLs": "登録された URL", "Process IDs": "プロセス ID",
			"IP:port": "IP:ポート", "Enabled": "有効", "Not Set": "未設定"}},
		"de": {colon: ":", spell: turn(1), words: map[string]string{
			"Request queue name": "Name:Anforderungswarteschlange", "Request queue is unnamed.": "Die Anforderungswarteschlange ist unbenannt.",
			"image": "Abbild", "Number of registered URLs": "Anzahl der registrierten URLs", "Timeout values inherited": "Geerbte Zeitlimitwerte",
			"IP:port": "IP:Port", "Certificate Hash": "Zertifikathash", "Application ID": "Anwendungs-ID", "Enabled": "Aktiviert",
			"Disabled": "Deaktiviert", "Not Set": "Nicht festgelegt", "Creation time": "Größe:Zeit"}},
		"fr": {colon: " :", spell: turn(2), words: map[string]string{
			"Request queue name": "Nom de la file d’attente", "Request queue is unnamed.": "La file d’attente n’a pas de nom.", "ID": "ID",
			"Timeout values inherited": "Valeurs de délai d’expiration héritées", "Processes": "Processus", "Enabled": "Activé",
			"User invalidates": "Invalidé par l’utilisateur", "Idle connection timeout (secs)": "Délai d’inactivité (s)"}},
		"it": {colon: " :", spell: turn(3), words: map[string]string{
			"Request queue name": "Nome coda richieste", "Request queue is unnamed.": "Coda richieste senza nome.", "State": "IP:stato",
			"Reserved URL": "URL prenotati", "User": "Utente", "Listen": "In ascolto", "Delegate": "Delega"}},
		"zh": {colon: "：", spell: shift('一'), words: map[string]string{
			"Request queue name": "请求队列:名称", "Request queue is unnamed.": "请求队列未命名。", "Version": "IP:端口", "image": "映像",
			"IP:port": "IP:端口", "Certificate Hash": "证书哈希", "Hostname:port": "主机名:端口"}},
		"ru": {colon: ":", spell: shift('а'), words: map[string]string{
			"Request queue name": "Имя очереди запросов", "Request queue is unnamed.": "Очередь запросов не имеет имени.", "Services": "Службы",
			"Certificate Store Name": "Имя:хранилище", "Status code": "Код"}},
	}
}

func (to Tongue) word(s string) string {
	if w, ok := to.words[s]; ok {
		return w
	}
	return strings.Map(to.spell, s)
}

// phrase tells which values are translated. All others are facts: names, numbers,
// IDs, paths, URLs.
func phrase(value string) bool {
	switch value {
	case "Active", "Basic", "Limited", "inherited", "Request queue is unnamed.", "Negotiate", "Timeout values inherited",
		"Enabled", "Disabled", "Not Set", "User invalidates", "FALSE":
		return true
	}
	return false
}

// Translate says a listing in another language. How far a line is indented, and the
// order of lines, stay.
func (to Tongue) Translate(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(strings.TrimRight(line, " \n"), " ")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		b.WriteString(indent + to.body(body) + "\n")
	}
	return b.String()
}

func (to Tongue) body(s string) string {
	if fact(s) {
		return s
	}
	if id, image, ok := strings.Cut(s, ", image: "); ok && strings.HasPrefix(s, "ID: ") {
		return to.word("ID") + to.colon + " " + strings.TrimPrefix(id, "ID: ") + ", " + to.word("image") + to.colon + " " + image
	}
	label, value, ok := strings.Cut(s, ": ")
	if !ok {
		if label, ok = strings.CutSuffix(s, ":"); !ok {
			return to.word(s)
		}
	}
	pad := label[len(strings.TrimRight(label, " ")):]
	if value = strings.TrimSpace(value); phrase(value) {
		value = to.word(value)
	}
	if value != "" {
		value = " " + value
	}
	return to.word(strings.TrimRight(label, " ")) + pad + to.colon + value
}

// fact tells lines that are the same in every language.
func fact(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || strings.Trim(s, "-0123456789") == "" || strings.HasPrefix(s, "HTTP://") || strings.HasPrefix(s, "HTTPS://")
}

// Reindent replaces each step of four blanks.
func Reindent(text, step string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		n := (len(line) - len(body)) / 4
		b.WriteString(strings.Repeat(step, n) + body)
	}
	return b.String()
}

// Damage is what happens to a text on its way into a paste without anything being
// lost.
func Damage() map[string]func(string) string {
	return map[string]func(string) string{
		"CRLF":       func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"BOM":        func(s string) string { return "\ufeff" + s },
		"no newline": func(s string) string { return strings.TrimRight(s, "\n") },
		"trailing":   func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") },
		"moved":      func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") },
		"doubled":    func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") },
	}
}

// CodePage is an OEM code page that a console writes, and languages whose consoles
// do.
type CodePage struct {
	Tongues []string
	Encode  func(string) string
}

// CodePages are some, by number. Letters that have a place in the real page get it
// where that is an arithmetic matter, and an invented place where it is not: bytes
// of the page's form that no reader without its table can tell from others.
func CodePages() map[string]CodePage {
	return map[string]CodePage{
		"850": {[]string{"de", "fr", "it"}, encode(latin)},
		"866": {[]string{"ru"}, encode(cyrillic)},
		"932": {[]string{"ja"}, encode(doubled("\x81\x42", "\x81\x46", 0x83))},
		"936": {[]string{"zh", "ja"}, encode(doubled("\xa1\xa3", "\xa3\xba", 0xb0))},
	}
}

func encode(char func(rune) string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if r < utf8.RuneSelf {
				b.WriteRune(r)
			} else {
				b.WriteString(char(r))
			}
		}
		return b.String()
	}
}

// latin is one byte a letter, anywhere in the upper half but for the blank at 0xff.
func latin(r rune) string { return string([]byte{byte(0x80 + r%0x7f)}) }

// cyrillic is where code page 866 has its letters.
func cyrillic(r rune) string {
	switch {
	case r >= 'А' && r <= 'п':
		return string([]byte{byte(0x80 + r - 'А')})
	case r >= 'р' && r <= 'я':
		return string([]byte{byte(0xe0 + r - 'р')})
	}
	return latin(r)
}

// doubled is two bytes a letter, the second of which may be an ASCII letter or a
// backslash; the stop and the colon have their real places.
func doubled(stop, colon string, lead byte) func(rune) string {
	return func(r rune) string {
		switch r {
		case '。':
			return stop
		case '：':
			return colon
		}
		return string([]byte{lead + byte(r>>6)%8, 0x40 + byte(r)%0x3f})
	}
}
