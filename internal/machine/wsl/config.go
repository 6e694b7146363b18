package wsl

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// config is what .wslconfig says about ports.
type config struct {
	mode     string         // networkingMode as it is written, "" = not set
	settings []fact.Setting // the other keys, without evidence
}

// maxConfig bounds how much of the file is read.
const maxConfig = 64 << 10

// parse reads the file: sections in brackets, "key = value", and notes after #.
// Sections and keys compare without case, as WSL has it; the keys moved from
// [experimental] to [wsl2] over time, and both places count, the newer first.
func parse(data []byte) config {
	var c config
	text := strings.TrimPrefix(string(data[:min(len(data), maxConfig)]), "\ufeff")
	section, old := "", ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			section = strings.ToLower(strings.TrimSpace(name))
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		if !ok || value == "" || section != "wsl2" && section != "experimental" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "networkingmode":
			if section == "wsl2" {
				c.mode = value
			} else {
				old = value
			}
		case "localhostforwarding":
			c.set("localhostForwarding", value)
		case "ignoredports":
			c.set("ignoredPorts", value)
		case "hostaddressloopback":
			c.set("hostAddressLoopback", value)
		}
	}
	if c.mode == "" {
		c.mode = old
	}
	return c
}

// set keeps the last value of a key.
func (c *config) set(key, value string) {
	name := "WSL " + key
	for i := range c.settings {
		if c.settings[i].Name == name {
			c.settings[i].Value = value
			return
		}
	}
	c.settings = append(c.settings, fact.Setting{Name: name, Value: value})
}
