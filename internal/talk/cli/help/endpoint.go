package help

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/fact"
)

// Endpoint says how an endpoint is written, and what was meant by one that is not.
func Endpoint(e *fact.EndpointError) string {
	const form = "an endpoint is [ADDR:]PORT[/PROTO]: 80, 53/udp, 127.0.0.1:80, [::1]:8080, localhost:80"
	switch e.Reason {
	case fact.FaultName:
		if h := portsNamed(e.Word); h != "" {
			return h
		}
	case fact.FaultProto:
		return "tcp, udp, udplite, sctp or raw, as in 53/udp"
	case fact.FaultHostName:
		return "use its address, or localhost"
	case fact.FaultNoPort:
		if e.Text == "localhost" || e.Text != "" && e.Text[len(e.Text)-1] == ']' {
			return "add one: " + e.Text + ":80"
		}
	case fact.FaultBrackets:
		return "write it as [ADDR]:PORT, as in [::1]:80"
	case fact.FaultSpan:
		return "berth ls --port " + e.Word + " lists a range"
	case fact.FaultURL:
		return "name the port alone, as in berth who 80"
	}
	return form
}

// portsNamed says which numbers carry a service's name, or "".
func portsNamed(word string) string {
	var found []string
	for _, p := range catalog.PortsNamed(word) {
		found = append(found, strconv.Itoa(int(p.Port))+"/"+string(p.Proto))
	}
	if len(found) == 0 {
		return ""
	}
	return word + " is registered as " + strings.Join(found[:min(4, len(found))], ", ")
}
