package fact

import (
	"slices"
	"testing"
)

func TestRedactArgs(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"srv", "--password", "hunter2", "-v"}, []string{"srv", "--password", "•••", "-v"}},
		{[]string{"srv", "--password=hunter2"}, []string{"srv", "--password=•••"}},
		{[]string{"srv", "--password-file", "/run/pw"}, []string{"srv", "--password-file", "/run/pw"}},
		{[]string{"env", "DB_PASSWORD=x", "srv"}, []string{"env", "DB_PASSWORD=•••", "srv"}},
		{[]string{"mysql", "-phunter2"}, []string{"mysql", "-p•••"}},
		{[]string{"ssh", "-p2222", "h"}, []string{"ssh", "-p2222", "h"}},
		{[]string{"srv", "postgres://ann:s3cret@db/x?y"}, []string{"srv", "postgres://ann:•••@db/x?y"}},
		{[]string{"srv", "http://h/a@b:c"}, []string{"srv", "http://h/a@b:c"}},
		{[]string{"curl", "-H", "Authorization: Bearer abc"}, []string{"curl", "-H", "Authorization: •••"}},
		{[]string{"srv", "--api-key", "k", "--port", "80"}, []string{"srv", "--api-key", "•••", "--port", "80"}},
		{[]string{"srv", "--token", "--port", "80"}, []string{"srv", "--token", "--port", "80"}},
		{[]string{"srv", "--password=two words"}, []string{"srv", "--password=•••"}},
		{[]string{"sh", "-c", "PORT=80 API_KEY=hunter2 node app.js"}, []string{"sh", "-c", "PORT=80 API_KEY=••• node app.js"}},
		{[]string{"sh", "-c", `DB_PASSWORD='a b' exec srv`}, []string{"sh", "-c", `DB_PASSWORD=•••`}},
		{[]string{"sh", "-c", `X=1 DB_PASSWORD='a b' exec srv`}, []string{"sh", "-c", `X=1 DB_PASSWORD=••• exec srv`}},
		{[]string{"sh", "-c", "srv --password hunter2 --port 80"}, []string{"sh", "-c", "srv --password ••• --port 80"}},
		{[]string{"sh", "-c", "srv --passphrase  'a b'"}, []string{"sh", "-c", "srv --passphrase  •••"}},
		{[]string{"sh", "-c", `curl -H "Authorization: Bearer abc" http://ann:pw@h/`}, []string{"sh", "-c", `curl -H Authorization: ••• http://ann:•••@h/`}},
		{[]string{"sh", "-c", "curl -H Authorization: Bearer abc http://h/"}, []string{"sh", "-c", "curl -H Authorization: ••• ••• http://h/"}},
		{[]string{"curl", "-H", "Cookie:"}, []string{"curl", "-H", "Cookie:"}},
		{[]string{"sh", "-c", "cd /x && mysqldump -phunter2 db"}, []string{"sh", "-c", "cd /x && mysqldump -p••• db"}},
		{[]string{"sh", "-c", "echo it's a \"plain\"  one"}, []string{"sh", "-c", "echo it's a \"plain\"  one"}},
		{[]string{"sh", "-c", "sc config Web obj= me password= hunter2 start= auto"}, []string{"sh", "-c", "sc config Web obj= me password= ••• start= auto"}},
		{[]string{"nginx: master process /usr/sbin/nginx"}, []string{"nginx: master process /usr/sbin/nginx"}},
	} {
		if got := RedactArgs(c.in); !slices.Equal(got, c.want) {
			t.Errorf("RedactArgs(%q) = %q", c.in, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"a 'b", "PASSWORD='x y' z", "\"'\"'", "Cookie: a=b", "PASSW'D=0' ", " Cookie:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := RedactArgs([]string{"sh", "-c", s})
		if twice := RedactArgs(once); !slices.Equal(once, twice) {
			t.Errorf("%q: %q, then %q", s, once, twice)
		}
	})
}

func TestRedactReachesLogs(t *testing.T) {
	s := Set{Units: []Unit{{ExecStart: "srv --password=x", Log: []LogLine{{Text: "starting with --token=abc"}, {Text: "bind() to 0.0.0.0:80 failed"}}}}}
	s.Redact()
	u := s.Units[0]
	if u.ExecStart != "srv --password=•••" || u.Log[0].Text != "starting with --token=•••" || u.Log[1].Text != "bind() to 0.0.0.0:80 failed" {
		t.Errorf("%+v", u)
	}
}
