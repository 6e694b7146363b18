package ledger

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/berthd/berth/internal/fact"
)

// MaxSize bounds a ledger's file, in bytes.
const MaxSize = 256 << 10

// maxOwners bounds the owners of one promise.
const maxOwners = 32

// raw is a promise as it stands in the file.
type raw struct {
	Module   string `toml:"module"`
	For      string `toml:"for"`
	Port     any    `toml:"port"`
	Proto    string `toml:"proto"`
	Address  string `toml:"address"`
	Owner    any    `toml:"owner"`
	Reason   string `toml:"reason"`
	Policy   string `toml:"policy"`
	Remedy   string `toml:"remedy"`
	where    chunk
	file     string
	problems *Problems
}

// Parse reads the text of the file name. It is strict: a key that is not known, a
// port, an owner or an address that is none, an endpoint that is promised twice. The
// error is [Problems], everything that is wrong, in the file's order. No promise at
// all is a good ledger.
func Parse(name string, text []byte) (Ledger, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	l := Ledger{Files: []string{name}}
	if len(text) > MaxSize {
		return l, Problems{{Place{name, 1}, fmt.Sprintf("the file has more than %d bytes", MaxSize), "split it, or write a range of ports as one promise"}}
	}
	var whole map[string]any
	if err := decode(string(text), &whole); err != nil {
		return l, Problems{err.at(name, 0)}
	}
	var bad Problems
	for _, c := range split(string(text)) {
		r := raw{where: c, file: name, problems: &bad}
		if c.read(&r) {
			l.add(r)
		}
	}
	if len(bad) > 0 {
		slices.SortStableFunc(bad, func(a, b Problem) int { return cmp.Compare(a.Where.Line, b.Where.Line) })
		return Ledger{Files: l.Files}, bad
	}
	return l, nil
}

// add adds a promise, unless it is wrong, or meets one that is there already.
func (l *Ledger) add(r raw) {
	before := len(*r.problems)
	p := r.promise()
	if len(*r.problems) > before {
		return
	}
	if q, met := meeting(l.Promises, p); met {
		r.bad("port", fmt.Sprintf("%s is promised already in line %d, as %s", p.Endpoint(), q.Where.Line, q.Endpoint()), "keep one of the two")
		return
	}
	l.Promises = append(l.Promises, p)
}

func (r raw) bad(key, what, do string) {
	*r.problems = append(*r.problems, Problem{Place{r.file, r.where.lineOf(key)}, what, do})
}

func (r raw) promise() Promise {
	p := Promise{Where: Place{r.file, r.where.first}, Proto: fact.TCP, Policy: Alert}
	p.Module, p.Newcomer, p.Reason = r.text("module", r.Module), r.text("for", r.For), r.text("reason", r.Reason)
	p.From, p.To = r.ports()
	p.Owners = r.owners()
	if r.Proto != "" {
		if p.Proto = fact.Proto(r.Proto); p.Proto != fact.TCP && p.Proto != fact.UDP {
			r.bad("proto", fmt.Sprintf("%q is no protocol that has promises", r.Proto), `write "tcp" or "udp"`)
		}
	}
	if r.Address != "" && r.Address != "*" {
		a, err := netip.ParseAddr(r.Address)
		if p.Addr = a.Unmap(); err != nil || a.Zone() != "" {
			r.bad("address", fmt.Sprintf("%q is no address", r.Address), `write "*" for any, or an IP address; names are not looked up`)
		}
	}
	r.policy(&p)
	if p.Policy == Restore && p.Remedy == "" && r.Remedy == "" && len(p.Owners) > 0 && !slices.ContainsFunc(p.Owners, Owner.Startable) {
		r.bad("policy", "nothing here can be started or applied to restore it", `name a unit: or service:, or a remedy; or write policy = "alert"`)
	}
	return p
}

func (r raw) policy(p *Promise) {
	if r.Policy != "" {
		if p.Policy = Policy(r.Policy); p.Policy != Alert && p.Policy != Restore {
			r.bad("policy", fmt.Sprintf("%q is no policy", r.Policy), `write "alert" or "restore"`)
		}
	}
	kind, _, _ := strings.Cut(r.Remedy, ":")
	switch p.Remedy = r.text("remedy", r.Remedy); {
	case r.Remedy == "":
	case kind == "kill" || kind == "kernel":
		r.bad("remedy", fmt.Sprintf("a promise may not be restored by %q", kind), "name a remedy that can be taken back, such as stop:NAME")
	case !slices.Contains([]string{"stop", "startup", "iplisten", "exclude"}, kind):
		r.bad("remedy", fmt.Sprintf("%q is no remedy that can be applied unasked", r.Remedy), "write KIND:TARGET as berth free PORT lists it: stop:apache2.service")
	case p.Policy == Alert:
		r.bad("remedy", "a remedy is named, and the policy is not to apply it", `write policy = "restore", or leave remedy out`)
	}
}

// ports reads 80, "80" or "8000-8099".
func (r raw) ports() (from, to uint16) {
	const do = `write one of 1 to 65535, or a range such as "8000-8099"`
	switch v := r.Port.(type) {
	case nil:
		r.bad("", "this promise has no port", "add port = 80")
	case int64:
		if v < 1 || v > 65535 {
			r.bad("port", fmt.Sprintf("%d is no port", v), do)
			return 0, 0
		}
		return uint16(v), uint16(v)
	case string:
		a, b, isRange := strings.Cut(v, "-")
		if !isRange {
			b = a
		}
		lo, ok := number(a)
		hi, ok2 := number(b)
		if !ok || !ok2 || lo > hi {
			r.bad("port", fmt.Sprintf("%q is no port or range of ports", v), do)
			return 0, 0
		}
		return lo, hi
	default:
		r.bad("port", "the port is no number", do)
	}
	return 0, 0
}

func number(s string) (uint16, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	return uint16(n), err == nil && n > 0
}

func (r raw) owners() []Owner {
	var words []string
	switch v := r.Owner.(type) {
	case nil:
		r.bad("", "this promise has no owner", `add owner = "unit:nginx.service"`)
		return nil
	case string:
		words = []string{v}
	case []any:
		for _, w := range v {
			s, _ := w.(string)
			words = append(words, s)
		}
	}
	if len(words) == 0 || len(words) > maxOwners {
		r.bad("owner", "the owner is no text and no list of texts", `write owner = "unit:nginx.service"`)
		return nil
	}
	out := make([]Owner, 0, len(words))
	for _, w := range words {
		if o, ok := r.owner(w); ok {
			out = append(out, o)
		}
	}
	return out
}

func (r raw) owner(word string) (Owner, bool) {
	kind, name, ok := strings.Cut(word, ":")
	o := Owner{OwnerKind(kind), strings.TrimSpace(name)}
	switch {
	case !ok || !slices.Contains(Kinds(), o.Kind):
		r.bad("owner", fmt.Sprintf("%q is no owner", word), "begin it with unit:, service:, exe:, container:, compose:, user: or prefix:")
	case o.Name == "":
		r.bad("owner", fmt.Sprintf("%q names nobody", word), "write the name behind the colon")
	case r.text("owner", o.Name) == "":
	case o.Kind == Prefix && !strings.Contains(o.Name, "://"):
		r.bad("owner", fmt.Sprintf("%q is no URL prefix", o.Name), `write it as HTTP.sys does: "prefix:http://+:80/app/"`)
	default:
		return o, true
	}
	return Owner{}, false
}

// text is a value of one line.
func (r raw) text(key, s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' }) {
		r.bad(key, key+" holds a line end or another control character", "write it in one line")
		return ""
	}
	return s
}

// chunk is the text of one promise. Promises are decoded one by one because the
// decoder names an unknown key and not its line, and the keys of all are the same.
type chunk struct {
	text  string
	first int // its first line in the file
}

// split cuts before each [[promise]]; what stands before the first is a chunk too,
// if it is more than comments.
func split(text string) []chunk {
	var out []chunk
	var b strings.Builder
	line, first, blank := 0, 1, true
	flush := func() {
		if !blank {
			out = append(out, chunk{b.String(), first})
		}
		b.Reset()
	}
	for s := range strings.Lines(text) {
		line++
		bare, _, _ := strings.Cut(s, "#")
		bare = strings.Join(strings.Fields(bare), "")
		if bare == "[[promise]]" {
			flush()
			first, blank = line, true
		}
		blank = blank && bare == ""
		b.WriteString(s)
	}
	flush()
	return out
}

// read decodes one promise; false where there is nothing more to say of it.
func (c chunk) read(r *raw) bool {
	var f struct {
		Promise []raw `toml:"promise"`
	}
	meta, err := toml.Decode(c.text, &f)
	if err != nil {
		*r.problems = append(*r.problems, wrong(err).at(r.file, c.first-1))
		return false
	}
	told := map[string]bool{}
	for _, k := range meta.Undecoded() {
		if told[k.String()] = true; told[k[:len(k)-1].String()] {
			continue // inside of what is not known
		}
		r.bad(k[len(k)-1], fmt.Sprintf("%q is not known here", k.String()), unknownKey(k))
	}
	if len(f.Promise) != 1 {
		if len(meta.Undecoded()) == 0 {
			r.bad("promise", "this is no [[promise]]", "begin each promise with a line [[promise]]")
		}
		return false
	}
	f.Promise[0].where, f.Promise[0].file, f.Promise[0].problems = r.where, r.file, r.problems
	*r = f.Promise[0]
	return true
}

func unknownKey(k toml.Key) string {
	if k[0] != "promise" {
		return "a ledger holds nothing but [[promise]]"
	}
	return "a promise has port, proto, address, owner, reason, policy, remedy, module and for"
}

// lineOf is the line of the file that has the key, or the promise's first one.
func (c chunk) lineOf(key string) int {
	n := c.first
	for line := range strings.Lines(c.text) {
		name, _, ok := strings.Cut(line, "=")
		if ok && key != "" && strings.Trim(strings.TrimSpace(name), `"'`) == key {
			return n
		}
		n++
	}
	return c.first
}

// wording is what the decoder had to say, and in which line of what it was given.
type wording struct {
	line int
	what string
}

func (w *wording) at(file string, before int) Problem {
	return Problem{Place{file, before + max(w.line, 1)}, w.what, "correct the line"}
}

func decode(text string, to any) *wording {
	if _, err := toml.Decode(text, to); err != nil {
		return wrong(err)
	}
	return nil
}

func wrong(err error) *wording {
	w := wording{what: err.Error()}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		w.line, w.what = parse.Position.Line, parse.Message
	} else if n, _ := fmt.Sscanf(w.what, "toml: line %d", &w.line); n == 1 {
		if _, after, ok := strings.Cut(w.what, "): "); ok {
			w.what = after
		}
	}
	w.what = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimPrefix(w.what, "toml: "))
	return &w
}
