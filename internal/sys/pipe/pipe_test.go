package pipe

import "testing"

func TestPath(t *testing.T) {
	for address, want := range map[string]string{
		"npipe:////./pipe/docker_engine": `\\.\pipe\docker_engine`, `npipe://\\.\pipe\x`: `\\.\pipe\x`,
		"": "", "npipe://": "", "npipe:////./pipe/": "", "npipe:////server/pipe/docker_engine": "", "npipe:////./pipe/a/b": "", "npipe:////./pipe/a\x00": "",
		"unix:///run/docker.sock": "", "tcp://127.0.0.1:2375": "", `\\.\pipe\docker_engine`: "",
	} {
		if got := Path(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
