package httpapi

import "unsafe"

//sys httpInitialize(version Version, flags uint32, reserved unsafe.Pointer) (errcode error) = httpapi.HttpInitialize?
//sys httpTerminate(flags uint32, reserved unsafe.Pointer) (errcode error) = httpapi.HttpTerminate?
//sys httpQueryServiceConfiguration(service uintptr, id ConfigID, input unsafe.Pointer, inputLen uint32, output unsafe.Pointer, outputLen uint32, returned *uint32, overlapped unsafe.Pointer) (errcode error) = httpapi.HttpQueryServiceConfiguration?
//sys httpSetServiceConfiguration(service uintptr, id ConfigID, input unsafe.Pointer, inputLen uint32, overlapped unsafe.Pointer) (errcode error) = httpapi.HttpSetServiceConfiguration?
//sys httpDeleteServiceConfiguration(service uintptr, id ConfigID, input unsafe.Pointer, inputLen uint32, overlapped unsafe.Pointer) (errcode error) = httpapi.HttpDeleteServiceConfiguration?

// initializeConfig is the flag of HttpInitialize for those who want the
// configuration alone.
const initializeConfig = 2

// Initialize opens the configuration, and [Terminate] closes it. It needs no
// privilege. Where the HTTP service is not running, Windows may start it.
func Initialize() error { return httpInitialize(Version1, initializeConfig, nil) }

// Terminate undoes one successful [Initialize].
func Terminate() error { return httpTerminate(initializeConfig, nil) }

// Query reads from table id what input, one of the layouts, asks for, into a
// buffer of size bytes; a nil input asks for the whole table. Where size is too
// small, the error is [ErrTooSmall] or [ErrMoreData], and need is how many bytes
// it takes. It needs no privilege and does not block. After success b is the whole
// buffer, zeros behind the answer: the documents leave open whether the length that
// comes back then counts what the structure points to.
func Query[In any](id ConfigID, input *In, size int) (b Buffer, need int, err error) {
	words := make([]uint64, size/8+1) // the layouts are aligned to eight bytes
	b.Data = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	b.Base = uint64(uintptr(unsafe.Pointer(&words[0])))
	var inLen, got uint32
	if input != nil {
		inLen = uint32(unsafe.Sizeof(*input))
	}
	err = httpQueryServiceConfiguration(0, id, unsafe.Pointer(input), inLen, unsafe.Pointer(&words[0]), uint32(size), &got, nil)
	return b, int(got), err
}

// Set adds a row to table id, which is one of the layouts. A row that is there is
// [ErrExists]. It needs an administrator and does not block. Wine returns nil and
// keeps nothing.
func Set[In any](id ConfigID, row *In) error {
	return httpSetServiceConfiguration(0, id, unsafe.Pointer(row), uint32(unsafe.Sizeof(*row)), nil)
}

// Delete takes the row out of table id that has the key of row; one that is not
// there is [ErrNotFound]. It needs an administrator and does not block. Wine returns
// nil and forgets nothing.
func Delete[In any](id ConfigID, row *In) error {
	return httpDeleteServiceConfiguration(0, id, unsafe.Pointer(row), uint32(unsafe.Sizeof(*row)), nil)
}
