package wsl

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
)

func read() fact.Set {
	return side{config: wslconfig, installed: func() ([]entry, string, error) { return lxss(registry.CURRENT_USER, lxssKey) }}.read()
}

func wslconfig() ([]byte, string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(home, ".wslconfig")
	f, err := os.Open(path)
	if err != nil {
		return nil, path, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig))
	return data, path, err
}

const lxssKey = `Software\Microsoft\Windows\CurrentVersion\Lxss`

// lxss lists the distributions that a user has installed.
func lxss(root registry.Key, path string) ([]entry, string, error) {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer k.Close()
	keys, err := k.ReadSubKeyNames(0)
	if err != nil {
		return nil, "", err
	}
	var out []entry
	for _, key := range keys[:min(len(keys), maxDistributions)] {
		if e, ok := distribution(root, path, key); ok {
			out = append(out, e)
		}
	}
	standard, _, err := k.GetStringValue("DefaultDistribution")
	if err != nil {
		standard = "" // none was ever chosen
	}
	return out, standard, nil
}

func distribution(root registry.Key, path, key string) (entry, bool) {
	k, err := registry.OpenKey(root, path+`\`+key, registry.QUERY_VALUE)
	if err != nil {
		return entry{}, false
	}
	defer k.Close()
	e := entry{key: key}
	if e.name, _, err = k.GetStringValue("DistributionName"); err != nil {
		return entry{}, false // a key of WSL's own settings
	}
	if v, _, err := k.GetIntegerValue("Version"); err == nil {
		e.version = v
	}
	return e, true
}
