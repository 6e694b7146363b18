package launchd

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/launchd/plist"
)

func read(ctx context.Context, q Query) (fact.Set, error) {
	src := source{list: names, read: content, resolve: resolve, port: servicePort, uid: uint32(os.Geteuid()), folders: []folder{
		{"/Library/LaunchDaemons", false}, {"/Library/LaunchAgents", true},
		{"/System/Library/LaunchDaemons", false}, {"/System/Library/LaunchAgents", true},
	}}
	if home, err := os.UserHomeDir(); err == nil {
		src.folders = append(src.folders, folder{home + "/Library/LaunchAgents", true})
	}
	return src.reading(ctx, q)
}

func names(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// content reads a file, as far as lists are read; what is no plain file is none.
func content(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, os.ErrNotExist
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, plist.MaxSize+1))
}

func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// servicePort looks a service's name up in the system's list of them.
func servicePort(proto fact.Proto, name string) uint16 {
	n, err := net.LookupPort(string(proto), name)
	if err != nil {
		return 0
	}
	return uint16(n)
}
