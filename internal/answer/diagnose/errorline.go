package diagnose

import (
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/answer/refusal"
)

// wasTaken tells whether an error line says that the port is taken. Facts that show
// nobody are then of another moment, or incomplete.
func (w *who) wasTaken() bool {
	return slices.ContainsFunc(w.q.Refusals, func(r refusal.Refusal) bool {
		return r.Port == w.q.Endpoint.Port && (r.Cause == refusal.InUse || r.Cause == refusal.Allocated || r.Cause == refusal.Reserved)
	})
}

// errorLines says why the port is asked about: a program was refused it.
func (w *who) errorLines() {
	for _, r := range w.q.Refusals {
		if r.Port == w.q.Endpoint.Port {
			w.a.Findings = append(w.a.Findings, ErrorLine(r))
		}
	}
}

// ErrorLine is the finding of one refusal. Words prove nothing: a number or a name of
// an error makes it likely, a program's own phrase possible.
func ErrorLine(r refusal.Refusal) Finding {
	args := map[string]string{"line": r.Words, "where": r.Where, "cause": string(r.Cause)}
	for key, value := range map[string]string{"errno": r.Errno, "program": r.Program, "address": r.Host, "os": r.OS, "prefix": r.Prefix} {
		if value != "" {
			args[key] = value
		}
	}
	if r.Port != 0 {
		args["port"] = strconv.Itoa(int(r.Port))
	}
	sure := Likely
	if r.By == "phrase" || r.By == "" {
		sure = Possible
	}
	return Finding{Rule: RuleErrorLine, Confidence: sure, Args: args}
}
