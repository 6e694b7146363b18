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
		{[]string{"nginx: master process /usr/sbin/nginx"}, []string{"nginx: master process /usr/sbin/nginx"}},
	} {
		if got := RedactArgs(c.in); !slices.Equal(got, c.want) {
			t.Errorf("RedactArgs(%q) = %q", c.in, got)
		}
	}
}
