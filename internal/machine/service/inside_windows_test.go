package service_test

import (
	"encoding/json"
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/process"
	"github.com/berthd/berth/internal/machine/service"
)

// TestInsideWhoHolds asks netstat, process and service about the port that is its
// argument and prints what they say: Windows' half of TestWineServices.
func TestInsideWhoHolds(t *testing.T) {
	port, err := strconv.ParseUint(flag.Arg(0), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	var all fact.Set
	s, err := netstat.Read(t.Context(), netstat.Query{Ports: []uint16{uint16(port)}, Serving: true})
	if err != nil {
		t.Fatal(err)
	}
	all.Add(s)
	if s, err = process.Holders(t.Context(), process.Query{Sockets: all.Sockets}); err != nil {
		t.Fatal(err)
	}
	all.Add(s)
	if s, err = service.Read(t.Context(), service.Query{Processes: all.Processes, Sockets: all.Sockets}); err != nil {
		t.Fatal(err)
	}
	all.Add(s)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nSET " + string(text) + "\n")
}
