package shell

import "strings"

// A style is the way a program writes its options.
type style int

const (
	dashes  style = iota // -x --long
	slashes              // /x -x, without case
	cmdlet               // -Name value, without case
)

func styleOf(name string) style {
	switch name {
	case "net", "net1", "sc", "taskkill", "tasklist", "tskill", "reg", "regedit", "iisreset", "dism", "pkgmgr", "shutdown", "schtasks",
		"findstr", "find", "wmic", "bcdedit", "ipconfig", "httpcfg", "sfc", "wusa", "msiexec", "appcmd":
		return slashes
	case "spsv", "sasv", "spps", "gps", "gsv", "sp", "ri":
		return cmdlet
	}
	verb, noun, ok := strings.Cut(name, "-")
	if ok && noun != "" && isVerb(verb) {
		return cmdlet
	}
	return dashes
}

// isVerb tells whether a cmdlet may begin with this word.
func isVerb(s string) bool {
	switch s {
	case "get", "set", "stop", "start", "restart", "remove", "new", "add", "disable", "enable", "uninstall", "install", "test", "resolve",
		"suspend", "resume", "clear", "reset", "select", "where", "sort", "format", "out", "measure", "write", "import", "export", "convertto", "group", "show":
		return true
	}
	return false
}

// sorted tells the options of a command from its operands.
func sorted(words []token) Command {
	c := Command{Name: Program(words[0].text)}
	rest := words[1:]
	if dir, ok := strings.CutSuffix(strings.ToLower(words[0].text), "/"+c.Name); ok && (strings.HasSuffix(dir, "/init.d") || strings.HasSuffix(dir, "/rc.d")) {
		c.Name, rest = "service", words
		rest[0].text = strings.TrimPrefix(words[0].text[len(dir):], "/")
	}
	how := styleOf(c.Name)
	rest = paired(c.Name, rest)
	for i := 0; i < len(rest); i++ {
		w := rest[i]
		name, ok := how.option(w)
		if !ok {
			c.Words = append(c.Words, w.text)
			continue
		}
		o := Option{Name: name}
		if at := strings.IndexAny(name, ":="); at > 0 {
			o.Name, o.Value = name[:at], strings.Trim(w.text[len(w.text)-len(name)+at+1:], `"'`)
		}
		if how != dashes {
			o.Name = strings.ToLower(o.Name)
		}
		if o.Value == "" && i+1 < len(rest) && takesValue(c.Name, how, o.Name) {
			if _, next := how.option(rest[i+1]); !next {
				i++
				o.Value = rest[i].text
			}
		}
		c.Options = append(c.Options, o)
	}
	return c
}

// option is a word without its dashes or slash, where it is an option.
func (how style) option(w token) (string, bool) {
	t := w.text
	switch {
	case len(t) < 2 || w.quoted && strings.Contains(t, " "):
		return "", false
	case t[0] == '-':
		return strings.TrimLeft(t, "-"), len(strings.TrimLeft(t, "-")) > 0
	case t[0] == '/' && how == slashes && !strings.ContainsAny(t[1:], `/\`):
		return t[1:], true
	}
	return "", false
}

// paired joins what sc, netsh and sysctl let stand apart: "start= disabled",
// "net.x = 1".
func paired(name string, words []token) []token {
	if name != "sc" && name != "netsh" && name != "sysctl" && name != "wmic" {
		return words
	}
	var out []token
	for _, w := range words {
		n := len(out)
		glue := n > 0 && !out[n-1].quoted && (strings.HasSuffix(out[n-1].text, "=") || strings.HasPrefix(w.text, "=") && !w.quoted)
		if glue {
			out[n-1].text += w.text
			out[n-1].quoted = w.quoted
			continue
		}
		out = append(out, w)
	}
	return out
}

// takesValue tells whether an option's value may stand in the next word.
func takesValue(name string, how style, option string) bool {
	if how == cmdlet {
		switch option {
		case "force", "passthru", "confirm", "verbose", "whatif", "norestart", "online", "remove", "all", "recurse", "nowait", "wait", "includemanagementtools":
			return false
		}
		return true
	}
	within := func(set string) bool { return strings.Contains(" "+set+" ", " "+option+" ") }
	switch name {
	case "taskkill", "tasklist":
		return within("pid im fi s u p fo")
	case "reg":
		return within("v t d s")
	case "httpcfg":
		return within("u a i h g c n f")
	case "fuser":
		return within("n namespace")
	case "semanage":
		return within("t p type proto")
	case "iptables", "ip6tables":
		return within("t p j A D I P table dport to-port to-ports to-destination")
	case "kill", "pkill", "killall":
		return within("s signal u")
	case "lsof":
		return within("i p s")
	case "appcmd", "schtasks":
		return within("tn")
	}
	return false
}
