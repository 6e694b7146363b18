package diagnose

import "github.com/berthd/berth/internal/answer/logline"

// refusal is what one log line says of a failed bind.
type refusal struct {
	port  uint16
	inUse bool
}

// bindFailure reads a log line. A line that does not say why the bind failed
// counts as "in use": that is what a server that hides the reason met most often.
func bindFailure(text string) (refusal, bool) {
	f, ok := logline.Parse(text)
	if !ok || f.Port == 0 {
		return refusal{}, false
	}
	return refusal{port: f.Port, inUse: f.Errno == "EADDRINUSE" || f.Errno == ""}, true
}
