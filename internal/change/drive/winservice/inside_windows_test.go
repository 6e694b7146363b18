package winservice_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/drive/winservice"
)

// TestInsideSets sets a service, which is its first argument, within the time that
// is its second, to the fields behind that, and prints what came of it: Windows' half
// of the tests under Wine.
func TestInsideSets(t *testing.T) {
	args := flag.Args()
	limit, err := time.ParseDuration(args[1])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	to := plan.State{}
	for _, f := range args[2:] {
		k, v, _ := strings.Cut(f, "=")
		to[k] = v
	}
	s := plan.Subject{Kind: plan.Service, Name: args[0]}
	d := winservice.New()
	var out answer
	if err := d.Set(ctx, s, nil, to); err != nil {
		out.Err, out.Late = err.Error(), errors.Is(err, context.DeadlineExceeded)
		var dep *winservice.DependentsError
		if errors.As(err, &dep) {
			out.Running = dep.Running
		}
	}
	if out.State, err = d.Read(t.Context(), s); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nANSWER " + string(text) + "\n")
}
