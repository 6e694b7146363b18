package tomcat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/tomcat"
)

const (
	main  = "/etc/tomcat10/server.xml"
	props = "/etc/tomcat10/catalina.properties"
)

func said(t confedit.Tree) []string {
	out := []string{}
	for _, p := range t.Places {
		s := fmt.Sprintf("%d %s %s %s:%d", p.Line, p.Of, p.Role, p.Addr, p.Port)
		if p.Via != "" {
			s += " via " + p.Via
		}
		out = append(out, s)
	}
	for _, n := range t.Notes {
		out = append(out, fmt.Sprintf("note %d %s", n.Line, n.Text))
	}
	return out
}

// server is a server.xml around what stands in its service.
func server(attrs, inner string) string {
	return "<?xml version=\"1.0\"?>\n<Server " + attrs + ">\n<Service name='Catalina'>\n" + inner + "\n</Service>\n</Server>\n"
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, config, props string
		want                []string
	}{
		{"as shipped", server(`port="8005" shutdown="SHUTDOWN"`, "<Connector port=\"8080\" protocol=\"HTTP/1.1\"\n redirectPort=\"8443\" />"), "",
			[]string{"2 Server listens 127.0.0.1:8005", "4 Connector HTTP/1.1 listens :8080", "5 Connector HTTP/1.1 announces :8443"}},
		{"with the redirect's connector", server(`port="-1"`, "<Connector port='8080' redirectPort='8443'/><!--<Connector port='1'/>--><Connector port='8443' SSLEnabled='true' address='10.0.0.1'></Connector>"), "",
			[]string{"4 Connector HTTP/1.1 listens :8080", "4 Connector HTTP/1.1 follows :8443", "4 Connector HTTP/1.1 listens 10.0.0.1:8443"}},
		{"AJP", server(`port="0"`, "<Connector protocol='AJP/1.3' port='8009'/><Connector protocol='AJP/1.3' port='8010' address='::'/>"), "",
			[]string{"4 Connector AJP/1.3 listens 127.0.0.1:8009", "4 Connector AJP/1.3 listens :::8010"}},
		{"property", server(`port="-1"`, "<Connector port='${http.port}'/>"), "x=1\nhttp.port = 8081\n", []string{"4 Connector HTTP/1.1 listens :8081 via http.port"}},
		{"default", server(`port="-1"`, "<Connector port='${http.port:-8082}'/>"), "x=1", []string{"4 Connector HTTP/1.1 listens :8082 via http.port", "note 4 ${http.port} has its default here; a -D option of Java may give it another value"}},
		{"unset", server(`port="-1"`, "<Connector port='${http.port}'/><Connector port='80${x}'/>"), "#http.port=1", []string{`note 4 port="${http.port}" has a property that is set elsewhere`, `note 4 port="80${x}" has a property that is set elsewhere`}},
		{"offset", server(`port="8005" portOffset="100"`, "<Connector port='8080' proxyPort='80'/>"), "", []string{"2 Server listens 127.0.0.1:8105", "4 Connector HTTP/1.1 listens :8180", "4 Connector HTTP/1.1 announces :80"}},
		{"no port", server(`port="x"`, "<Connector protocol='HTTP/1.1'/><Connector port='70000'/>"), "", []string{`note 2 port="x" is no port`, `note 4 port="70000" is no port`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := piece.Memory{main: test.config}
			if test.props != "" {
				files[props] = test.props
			}
			tree, err := tomcat.Read(files, main)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, said(tree)); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := tomcat.Read(piece.Memory{main: "<Server>"}, main); !errors.Is(err, confedit.ErrSyntax) {
		t.Error(err)
	}
}

func TestMove(t *testing.T) {
	two := server(`port="-1"`, "<Connector port=\"8080\"\r\n\tredirectPort='8443'/> <Connector  port='8443' address='10.0.0.1' proxyPort='8443'/>")
	named := server(`port="-1"`, "<Connector port='${p}'/>")
	for _, test := range []struct {
		name, config, props string
		from, to            confedit.Endpoint
		want, wantProps     string
		err                 error
	}{
		{"port", two, "", confedit.Endpoint{Port: 8080}, confedit.Endpoint{Port: 80}, strings.Replace(two, "8080", "80", 1), "", nil},
		{"with what follows", two, "", confedit.Endpoint{Port: 8443}, confedit.Endpoint{Port: 443},
			strings.NewReplacer("redirectPort='8443'", "redirectPort='443'", " port='8443'", " port='443'").Replace(two), "", nil},
		{"address", two, "", confedit.Endpoint{Port: 8080}, confedit.Endpoint{Addr: "::1", Port: 8080}, strings.Replace(two, `"8080"`, `"8080" address="::1"`, 1), "", nil},
		{"another address", two, "", confedit.Endpoint{Addr: "10.0.0.1", Port: 8443}, confedit.Endpoint{Addr: "10.0.0.2", Port: 8443}, strings.Replace(two, "10.0.0.1", "10.0.0.2", 1), "", nil},
		{"two to one", server(`port="-1"`, "<Connector port='80' address='::1'/><Connector port='80'/>"), "", confedit.Endpoint{Port: 80}, confedit.Endpoint{Addr: "127.0.0.1", Port: 80}, "", "", piece.ErrSeveral},
		{"not there", two, "", confedit.Endpoint{Port: 443}, confedit.Endpoint{Port: 1}, "", "", confedit.ErrNoPlace},
		{"announced alone", server(`port="-1"`, "<Connector port='1' redirectPort='8443'/>"), "", confedit.Endpoint{Port: 8443}, confedit.Endpoint{Port: 1}, "", "", confedit.ErrNoPlace},
		{"property", named, "a=1\np=8080\n", confedit.Endpoint{Port: 8080}, confedit.Endpoint{Port: 80}, named, "a=1\np=80\n", nil},
		{"property of two", server(`port="-1"`, "<Connector port='${p}' proxyPort='${p}'/>"), "p=8080", confedit.Endpoint{Port: 8080}, confedit.Endpoint{Port: 80}, "", "", confedit.ErrVariable},
		{"default", strings.Replace(named, "{p}", "{p:-8080}", 1), "", confedit.Endpoint{Port: 8080}, confedit.Endpoint{Port: 80}, strings.Replace(named, "{p}", "{p:-80}", 1), "", nil},
		{"offset", server(`port="-1" portOffset="100"`, "<Connector port='8080'/>"), "", confedit.Endpoint{Port: 8180}, confedit.Endpoint{Port: 8181}, server(`port="-1" portOffset="100"`, "<Connector port='8081'/>"), "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := piece.Memory{main: test.config}
			if test.props != "" {
				files[props] = test.props
			}
			tree, err := tomcat.Read(files, main)
			if err != nil {
				t.Fatal(err)
			}
			edits, err := tomcat.Move(tree, test.from, test.to)
			if !errors.Is(err, test.err) {
				t.Fatal(err)
			}
			for i, want := range []string{test.want, test.wantProps} {
				if want == "" {
					continue
				}
				got, err := confedit.Apply(tree.Files[i], edits)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, string(got)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func FuzzMove(f *testing.F) {
	f.Add(server(`port="8005"`, "<Connector port='8080' redirectPort=\"8443\"/>"), "a=b")
	f.Add("\ufeff"+server(`port="8080" portOffset='1'`, "<Connector port='${p}' address='::'/>"), "! x\np : 8080\\\np 8080")
	f.Add(server(`port="-1"`, "<Connector port='${p:-8080}'/>"), "")
	f.Fuzz(func(t *testing.T, config, properties string) {
		if got, err := tomcat.RoundTrip([]byte(config)); err == nil && string(got) != config {
			t.Fatalf("%q became %q", config, got)
		}
		files := piece.Memory{main: config, props: properties}
		tree, err := tomcat.Read(files, main)
		if err != nil {
			return
		}
		edits, err := tomcat.Move(tree, confedit.Endpoint{Port: 8080}, confedit.Endpoint{Port: 65000})
		if err != nil {
			return
		}
		for _, file := range tree.Files {
			moved, err := confedit.Apply(file, edits)
			if err != nil {
				t.Fatal(err)
			}
			files[file.Name] = string(moved)
		}
		tree, err = tomcat.Read(files, main)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range tree.On(confedit.Endpoint{Port: 8080}) {
			if p.Role == confedit.Listens {
				t.Fatalf("%q still takes 8080 on line %d", files, p.Line)
			}
		}
	})
}

// A file of nothing but connectors ends in bounded time.
func TestMany(t *testing.T) {
	config := server(`port="-1"`, strings.Repeat("<Connector port='${p:-80}'/>", piece.MaxPlaces+1000))
	tree, err := tomcat.Read(piece.Memory{main: config}, main)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(tree.Notes); n != piece.MaxPlaces+1 { // one of each default, and one that there are more
		t.Errorf("%d notes", n)
	}
	edits, err := tomcat.Move(tree, confedit.Endpoint{Port: 80}, confedit.Endpoint{Port: 81})
	if err != nil || len(edits) != piece.MaxPlaces {
		t.Errorf("%d edits, %v", len(edits), err)
	}
}
