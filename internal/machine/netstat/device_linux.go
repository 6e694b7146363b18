package netstat

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/netlink"
)

// deviceName asks the kernel for the name of an interface; "" when there is none.
// /sys/class/net would answer for the namespace in which it was mounted.
func deviceName(index uint32) string {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return ""
	}
	defer conn.Close()
	data := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(data[4:], index)
	var name string
	_ = conn.Do(netlink.Message{Type: unix.RTM_GETLINK, Data: data}, func(m netlink.Message) error {
		if len(m.Data) < unix.SizeofIfInfomsg {
			return nil
		}
		for typ, data := range netlink.Attrs(m.Data[unix.SizeofIfInfomsg:]) {
			if typ == unix.IFLA_IFNAME {
				name = unix.ByteSliceToString(data)
			}
		}
		return nil
	})
	return name
}
