package diagnose

import (
	"strconv"
	"strings"
)

type failure struct {
	port  uint16
	inUse bool
}

func bindFailure(text string) (failure, bool) {
	low := strings.ToLower(text)
	if !strings.Contains(low, "address already in use") {
		return failure{}, false
	}
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r != ':' && (r < '0' || r > '9') }) {
		if i := strings.LastIndexByte(w, ':'); i >= 0 {
			if n, err := strconv.ParseUint(w[i+1:], 10, 16); err == nil && n > 0 {
				return failure{uint16(n), true}, true
			}
		}
	}
	return failure{}, false
}
