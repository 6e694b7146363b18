package cli

import (
	"errors"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/cli/help"
)

// parseEndpoint reads an endpoint, joined with --proto, and hints at what was meant.
func parseEndpoint(text, proto string) (fact.Endpoint, error) {
	e, err := fact.ParseEndpoint(text)
	if err != nil {
		var ee *fact.EndpointError
		errors.As(err, &ee)
		return e, &fail{ExitUsage, err, help.Endpoint(ee)}
	}
	if proto == "" {
		return e, nil
	}
	p, ok := fact.ParseProto(proto)
	switch {
	case !ok:
		return e, usage("tcp, udp, udplite, sctp or raw", "--proto %q is not a protocol berth knows", proto)
	case e.Proto != "" && e.Proto != p:
		return e, usage("leave one of them out", "%s and --proto %s contradict each other", e, p)
	}
	e.Proto = p
	return e, nil
}
