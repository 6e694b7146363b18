package netsh

import (
	"strings"
	"unicode/utf8"
)

// maxWords bounds what is quoted of a command that failed.
const maxWords = 200

// why is an error with the first words that the command itself left, on one line.
func why(err error, text string) string {
	words := strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(words) > maxWords {
		end := maxWords
		for !utf8.RuneStart(words[end]) {
			end--
		}
		words = words[:end]
	}
	if words == "" {
		return err.Error()
	}
	return err.Error() + ": " + words
}
