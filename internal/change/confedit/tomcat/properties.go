package tomcat

import (
	"strings"

	"github.com/berthd/berth/internal/change/confedit/piece"
)

// property is a line of a Java properties file. One with escapes or joined lines has
// no place.
type property struct {
	file     string
	value    string
	from, to int
}

// properties reads NAME=VALUE, NAME:VALUE and NAME VALUE; of two lines for one name
// the last counts.
func properties(file string, data []byte) map[string]property {
	all := map[string]property{}
	at, joined := 0, false
	for _, line := range strings.SplitAfter(string(data), "\n") {
		text := strings.TrimRight(line, "\r\n")
		more := strings.HasSuffix(text, `\`)
		if !joined && !more {
			add(all, file, at, text)
		}
		joined = more
		at += len(line)
	}
	return all
}

func add(all map[string]property, file string, at int, text string) {
	const blanks = " \t\f"
	begin := piece.Run(text, blanks)
	if begin == len(text) || text[begin] == '#' || text[begin] == '!' || strings.Contains(text, `\`) {
		return
	}
	end := begin + piece.Until(text[begin:], blanks+"=:")
	from := end + piece.Run(text[end:], blanks)
	if from < len(text) && (text[from] == '=' || text[from] == ':') {
		from++
		from += piece.Run(text[from:], blanks)
	}
	all[text[begin:end]] = property{file, text[from:], at + from, at + len(text)}
}
