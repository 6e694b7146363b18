package process

import (
	"bytes"
	"strconv"
)

// waiting are the inodes of listening TCP sockets and unconnected UDP sockets in a
// table such as /proc/net/tcp. Lines that are none of a table are passed over.
func waiting(table []byte) []uint64 {
	const listen, closed = "0A", "07" // UDP's own word for unconnected is TCP's for closed
	var out []uint64
	for line := range bytes.Lines(table) {
		f := bytes.Fields(line)
		if len(f) < 10 || string(f[3]) != listen && string(f[3]) != closed {
			continue
		}
		if inode, err := strconv.ParseUint(string(f[9]), 10, 64); err == nil && inode != 0 {
			out = append(out, inode)
		}
	}
	return out
}
