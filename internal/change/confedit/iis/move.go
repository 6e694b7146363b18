package iis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// ErrTaken is for a move to a binding that another site has: IIS starts only one of
// the two.
var ErrTaken = errors.New("another binding is the same")

// Move takes the bindings of every site on from to another endpoint; the host names
// stay.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	return move(t, func(Site) bool { return true }, from, to)
}

// MoveSite is Move of one site, by name; IIS compares names without case.
func MoveSite(t confedit.Tree, site string, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	return move(t, func(s Site) bool { return strings.EqualFold(s.Name, site) }, from, to)
}

func move(t confedit.Tree, ours func(Site) bool, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	file := t.Files[0]
	c, err := Parse(file.Data)
	if err != nil {
		return nil, err
	}
	var edits []confedit.Edit
	taken := map[string]string{} // binding to site, as they will be
	for _, s := range c.Sites {
		for _, b := range s.Bindings {
			if b.on(from) && ours(s) {
				edits = append(edits, c.edit(file.Name, b, to))
				b = b.moved(to)
			}
			if other, ok := taken[b.key()]; ok && b.on(to) {
				return nil, fmt.Errorf("%s and %s on port %d: %w", other, s.Name, to.Port, ErrTaken)
			}
			taken[b.key()] = s.Name
		}
	}
	if edits == nil {
		return nil, fmt.Errorf("iis: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return edits, nil
}

func (b Binding) on(e confedit.Endpoint) bool {
	return b.Port > 0 && b.Port == e.Port && (e.Addr == "" || e.Addr == b.Addr)
}

func (b Binding) moved(to confedit.Endpoint) Binding {
	b.Port = to.Port
	if to.Addr != "" {
		b.Addr = to.Addr
	}
	return b
}

func (b Binding) key() string {
	return strings.ToLower(fmt.Sprintf("%s/%d/%s", b.Addr, b.Port, b.Host))
}

func (c Config) edit(file string, b Binding, to confedit.Endpoint) confedit.Edit {
	info := b.attr.Value
	end := strings.LastIndexByte(info, ':')
	from, text := b.port, piece.Digits(to.Port)
	if to.Addr != "" && to.Addr != b.Addr && b.port > 0 {
		from, text = 0, piece.Host(to.Addr)+":"+text
	}
	if b.attr.Plain() {
		return c.doc.Part(file, b.attr, from, end, text)
	}
	return c.doc.Set(file, b.attr, info[:from]+text+info[end:])
}

// StartSite says whether a site starts with the service W3SVC, and StartPool whether
// an application pool does. There are no edits where the file says so already.
func StartSite(t confedit.Tree, site string, on bool) ([]confedit.Edit, error) {
	return start(t, sitesPath+"/site", site, "serverAutoStart", on)
}

// StartPool is StartSite for an application pool.
func StartPool(t confedit.Tree, pool string, on bool) ([]confedit.Edit, error) {
	return start(t, poolsPath+"/add", pool, "autoStart", on)
}

func start(t confedit.Tree, path, name, attr string, on bool) ([]confedit.Edit, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	file := t.Files[0]
	c, err := Parse(file.Data)
	if err != nil {
		return nil, err
	}
	text := strconv.FormatBool(on)
	standard, pools := c.defaults()
	if path != sitesPath+"/site" {
		standard = pools
	}
	for i, e := range c.doc.Elements {
		label, named := e.Attr("name")
		if !named || !strings.EqualFold(label.Value, name) || c.path(i) != path {
			continue
		}
		a, ok := e.Attr(attr)
		switch {
		case truth(e, attr, standard) == on:
			return nil, nil
		case ok:
			return []confedit.Edit{c.doc.Set(file.Name, a, text)}, nil
		}
		at := label.To + len(c.doc.Encode(`"`))
		return []confedit.Edit{{File: file.Name, From: at, To: at, Text: c.doc.Encode(" " + attr + `="` + text + `"`)}}, nil
	}
	return nil, fmt.Errorf("iis: %q: %w", name, confedit.ErrNoPlace)
}
