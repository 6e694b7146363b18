// Package iis reads and edits the sites and application pools of IIS 7 and later:
// applicationHost.config, as Microsoft's configuration reference describes
// system.applicationHost. It is pure.
package iis

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/xmltext"
)

// Binding is one endpoint of a site.
type Binding struct {
	Protocol string // "http", "https", "ftp", "net.tcp", ...
	Addr     string // "" for every address
	Port     uint16 // 0 where the binding has none that can be read
	Host     string // "" for every host name
	// SNI tells whether an https binding's certificate is found by host name (bit 0
	// of sslFlags), not by address and port.
	SNI  bool
	attr xmltext.Attr // bindingInformation
	port int          // where the port's digits begin in it
}

// Site is a site with its bindings.
type Site struct {
	Name      string
	ID        string
	AutoStart bool     // with the W3SVC service
	Pools     []string // of its applications
	Bindings  []Binding
}

// Pool is an application pool.
type Pool struct {
	Name      string
	AutoStart bool
	Runtime   string // managedRuntimeVersion
}

// Config is an applicationHost.config.
type Config struct {
	Sites []Site
	Pools []Pool
	doc   xmltext.Doc
}

// Main is where IIS keeps its configuration. A 32-bit program finds it below Sysnative
// in place of System32.
const Main = `C:\Windows\System32\inetsrv\config\applicationHost.config`

// RoundTrip parses a configuration and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return xmltext.RoundTrip(data) }

// Parse finds the sites and pools in the order of the file.
func Parse(data []byte) (Config, error) {
	d, err := xmltext.Parse(data)
	if err != nil {
		return Config{}, err
	}
	c := Config{doc: d}
	siteStart, poolStart := c.defaults()
	sites := map[int]int{} // index of the element to that of the site
	for i, e := range d.Elements {
		switch c.path(i) {
		case sitesPath + "/site":
			sites[i] = len(c.Sites)
			c.Sites = append(c.Sites, Site{Name: e.Value("name"), ID: e.Value("id"), AutoStart: truth(e, "serverAutoStart", siteStart)})
		case sitesPath + "/site/application":
			s := &c.Sites[sites[e.Parent]]
			s.Pools = append(s.Pools, pool(e))
		case sitesPath + "/site/bindings/binding":
			s := &c.Sites[sites[d.Elements[e.Parent].Parent]]
			s.Bindings = append(s.Bindings, binding(e))
		case poolsPath + "/add":
			c.Pools = append(c.Pools, Pool{e.Value("name"), truth(e, "autoStart", poolStart), e.Value("managedRuntimeVersion")})
		}
	}
	return c, nil
}

const (
	sitesPath = "configuration/system.applicationHost/sites"
	poolsPath = "configuration/system.applicationHost/applicationPools"
)

// deepest is how deep anything that is looked for here can be.
const deepest = 6

// path is the names of the elements around one and its own, "" when it is too deep to
// matter.
func (c Config) path(i int) string {
	var names [deepest]string
	n := deepest
	for ; i >= 0; i = c.doc.Elements[i].Parent {
		if n--; n < 0 {
			return ""
		}
		names[n] = c.doc.Elements[i].Name
	}
	return strings.Join(names[n:], "/")
}

// defaults are what siteDefaults and applicationPoolDefaults say of starting.
func (c Config) defaults() (site, pool bool) {
	site, pool = true, true
	for i, e := range c.doc.Elements {
		switch e.Name {
		case "siteDefaults":
			if c.path(i) == sitesPath+"/siteDefaults" {
				site = truth(e, "serverAutoStart", true)
			}
		case "applicationPoolDefaults":
			if c.path(i) == poolsPath+"/applicationPoolDefaults" {
				pool = truth(e, "autoStart", true)
			}
		}
	}
	return site, pool
}

func truth(e xmltext.Element, name string, standard bool) bool {
	switch strings.ToLower(e.Value(name)) {
	case "true":
		return true
	case "false":
		return false
	}
	return standard
}

func pool(e xmltext.Element) string {
	if p := e.Value("applicationPool"); p != "" {
		return p
	}
	return "DefaultAppPool"
}

// binding reads IP:PORT:HOST, and PORT:HOST of net.tcp.
func binding(e xmltext.Element) Binding {
	b := Binding{Protocol: strings.ToLower(e.Value("protocol"))}
	flags := e.Value("sslFlags")
	b.SNI = flags == "1" || flags == "3"
	b.attr, _ = e.Attr("bindingInformation")
	info := b.attr.Value
	last := strings.LastIndexByte(info, ':')
	if last < 0 {
		return b
	}
	b.Host = info[last+1:]
	spelt := info[:last]
	if b.Protocol != "net.tcp" {
		i := strings.LastIndexByte(spelt, ':')
		if i < 0 {
			return b
		}
		b.port = i + 1
		if b.Addr = strings.Trim(spelt[:i], "[]"); b.Addr == "*" {
			b.Addr = ""
		}
	}
	b.Port, _ = piece.Port(spelt[b.port:])
	return b
}

// Read reads an applicationHost.config. Each binding with a port is a place of its
// site; a configuration that is kept elsewhere is noted.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	r := piece.Start("iis", files)
	data, _, err := r.Open(main)
	if err != nil {
		return confedit.Tree{}, err
	}
	c, err := Parse(data)
	if err != nil {
		return confedit.Tree{}, fmt.Errorf("%s: %w", main, err)
	}
	if err := elsewhere(r, files, main, c); err != nil {
		return confedit.Tree{}, err
	}
	for _, s := range c.Sites {
		for _, b := range s.Bindings {
			put(r, main, s, b)
		}
	}
	return r.Tree, nil
}

func put(r *piece.Reading, main string, s Site, b Binding) {
	if b.Port == 0 {
		if b.Protocol == "http" || b.Protocol == "https" {
			r.Note(main, b.attr.Line, fmt.Sprintf("binding %q of %s has no port that can be read", b.attr.Value, s.Name))
		}
		return
	}
	if b.Protocol == "https" && !b.SNI {
		r.Note(main, b.attr.Line, fmt.Sprintf("HTTP.sys keeps the certificate of %s by address and port: another port needs a binding of its own there", s.Name))
	}
	r.Put(confedit.Place{
		File: main, Line: b.attr.Line, From: b.attr.From, To: b.attr.To, Role: confedit.Listens,
		Addr: b.Addr, Port: b.Port, Of: s.Name,
	})
}

// elsewhere notes what takes the configuration from another file: configSource, and
// the redirection.config of a shared configuration.
func elsewhere(r *piece.Reading, files confedit.Files, main string, c Config) error {
	for _, e := range c.doc.Elements {
		if source := e.Value("configSource"); source != "" {
			r.Note(main, e.Line, fmt.Sprintf("%s is kept in %s", e.Name, source))
		}
	}
	name := confedit.Absolute(confedit.Folder(main), "redirection.config")
	data, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || len(data) > confedit.MaxFile {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := xmltext.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, e := range d.Elements {
		if e.Name == "configurationRedirection" && truth(e, "enabled", false) {
			r.Note(name, e.Line, fmt.Sprintf("the configuration that counts is in %s", e.Value("path")))
		}
	}
	return nil
}
