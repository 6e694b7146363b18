package journal

import (
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// timeOfDay is SYSTEM_TIMEOFDAY_INFORMATION; times are in 100 ns.
type timeOfDay struct {
	boot, now, zone int64
	zoneID, _       uint32
	bootBias, _     uint64 // what setting the clock has added to boot
}

// Boot identifies the kernel's present run by the moment it began, as the clock had it
// then: setting the clock does not change it, nor does a shutdown with fast startup,
// which keeps the kernel and its drivers. It is "" where Windows does not tell.
func Boot() string {
	var t timeOfDay
	if err := windows.NtQuerySystemInformation(windows.SystemTimeOfDayInformation, unsafe.Pointer(&t), uint32(unsafe.Sizeof(t)), nil); err != nil {
		return ""
	}
	return strconv.FormatInt(t.boot-int64(t.bootBias), 10)
}
