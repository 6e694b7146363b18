package forward

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// kubectl reads port-forward [TYPE/]NAME [LOCAL:]REMOTE ... wherever its options stand.
func kubectl(args []string) []Forward {
	if i := slices.Index(args, "--"); i >= 0 && firstPlain(args) == "kubectl" {
		args = args[i+1:] // minikube kubectl -- port-forward ...
	}
	rest := plain(args, kubectlValue)
	if len(rest) > 0 && rest[0] == "kubectl" { // k3s kubectl port-forward ...
		rest = rest[1:]
	}
	if len(rest) < 3 || rest[0] != "port-forward" {
		return nil
	}
	f := Forward{
		Kind: "kubectl", Proto: fact.TCP,
		Host: after(args, "--context"), Via: after(args, "--namespace", "-n"),
	}
	if f.Via == "" {
		f.Via = joined(args, "-n")
	}
	addresses := after(args, "--address")
	if addresses == "" {
		addresses = "localhost"
	}
	var out []Forward
	for _, pair := range rest[2:] {
		local, remote, ok := strings.Cut(pair, ":")
		if !ok {
			remote = local
		}
		g := f
		g.To = rest[1] + ":" + remote
		if local == "" { // any free port: unknown from here
			out = append(out, g)
			continue
		}
		for addr := range strings.SplitSeq(addresses, ",") {
			if g, ok := g.at(addr, local); ok && len(out) < maxForwards {
				out = append(out, g)
			}
		}
	}
	return out
}

// kubectlValue tells the options of kubectl whose value is the next argument.
func kubectlValue(name string) bool {
	switch name {
	case "-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user", "--as", "--as-group", "--as-uid",
		"--token", "-s", "--server", "--address", "--pod-running-timeout", "--cache-dir", "--certificate-authority",
		"--client-certificate", "--client-key", "--request-timeout", "--tls-server-name", "-v", "--v", "--vmodule",
		"--profile", "--profile-output", "--username", "--password":
		return true
	}
	return false
}

// joined is the value of a short option written in one word.
func joined(args []string, name string) string {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, name); ok && value != "" && arg[1] != '-' {
			return strings.TrimPrefix(value, "=")
		}
	}
	return ""
}
