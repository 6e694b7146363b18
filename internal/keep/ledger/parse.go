package ledger

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

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
	if err := toml.Unmarshal(text, &whole); err != nil {
		return l, Problems{wrong(err, name, 0)}
	}
	if _, one := whole["promise"].(map[string]any); one {
		return l, Problems{{Place{name, lineOf(string(text), 1, "promise", "[promise")}, "this is no [[promise]]", begin}}
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
	o := Owner{Kind: OwnerKind(kind), Name: strings.TrimSpace(name)}
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

// chunk is the text of one promise. Promises are decoded one by one, for one that is
// wrong not to hide what is wrong with the next.
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
	err := toml.NewDecoder(strings.NewReader(c.text)).DisallowUnknownFields().Decode(&f)
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		r.unknown(unknown.Errors)
	} else if err != nil {
		*r.problems = append(*r.problems, wrong(err, r.file, c.first-1))
		return false
	}
	if len(f.Promise) != 1 {
		if err == nil {
			r.bad("promise", "this is no [[promise]]", begin)
		}
		return false
	}
	f.Promise[0].where, f.Promise[0].file, f.Promise[0].problems = r.where, r.file, r.problems
	*r = f.Promise[0]
	r.spelt()
	return true
}

const (
	begin = "begin each promise with a line [[promise]]"
	keys  = "a promise has port, proto, address, owner, reason, policy, remedy, module and for"
)

// spelt refuses keys with capitals, which the decoder takes for those without, and
// then for the same key twice.
func (r raw) spelt() {
	var f struct{ Promise []map[string]any }
	if err := toml.Unmarshal([]byte(r.where.text), &f); err != nil || len(f.Promise) == 0 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(f.Promise[0])) {
		if small := strings.ToLower(k); k != small && known(small) {
			r.bad(k, fmt.Sprintf("%q is not known here", "promise."+k), "keys are written small: "+small)
		}
	}
}

func known(key string) bool {
	return slices.Contains([]string{"port", "proto", "address", "owner", "reason", "policy", "remedy", "module", "for"}, key)
}

// unknown tells of keys that no promise has, and of nothing inside of them.
func (r raw) unknown(errs []toml.DecodeError) {
	told := map[string]bool{}
	for i := range errs {
		key := errs[i].Key()
		name := strings.Join(key, ".")
		if told[name] = true; told[strings.Join(key[:len(key)-1], ".")] {
			continue
		}
		do := keys
		if key[0] != "promise" {
			do = "a ledger holds nothing but [[promise]]"
		}
		line, _ := errs[i].Position()
		*r.problems = append(*r.problems, Problem{Place{r.file, r.where.first - 1 + line}, fmt.Sprintf("%q is not known here", name), do})
	}
}

// lineOf is the line of the file that has the key, or the promise's first one.
func (c chunk) lineOf(key string) int { return lineOf(c.text, c.first, key) }

// lineOf is the number of the first line whose key or whose beginning is one of words;
// the text's first line has the number first, which is the answer where there is none.
func lineOf(text string, first int, words ...string) int {
	n := first
	for line := range strings.Lines(text) {
		key, _, ok := strings.Cut(line, "=")
		if !ok {
			key, _, _ = strings.Cut(line, "]")
		}
		if key = strings.Trim(strings.TrimSpace(key), `"'`); key != "" && slices.Contains(words, key) {
			return n
		}
		n++
	}
	return first
}

// wrong is what the decoder had to say of a text that begins behind so many lines of
// the file.
func wrong(err error, file string, before int) Problem {
	p := Problem{Place{file, before + 1}, oneLine(err.Error()), "correct the line"}
	var d *toml.DecodeError
	if !errors.As(err, &d) {
		return p
	}
	line, _ := d.Position()
	p.Where.Line = before + line
	key := d.Key()
	switch {
	case strings.HasPrefix(p.What, "expected keyword"):
		p.What, p.Do = "this is neither a number nor a text in quotes", `write a text as "nginx"`
	case !strings.HasPrefix(p.What, "cannot decode"):
	case len(key) < 2:
		p.What, p.Do = "this is no [[promise]]", begin
	default:
		p.What, p.Do = fmt.Sprintf("%q is no text", strings.Join(key[1:], ".")), "write it in quotes"
	}
	return p
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimPrefix(s, "toml: "))
}
