package holder

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// register makes one program of HTTP.sys: a server session, a request queue, and a
// URL group for each prefix, since Wine takes one prefix a group. Every request
// gets the answer 200 and the path that was asked for. The registrations end with
// the process.
func register(prefixes []string) error {
	api := httpAPI{dll: windows.NewLazySystemDLL("httpapi.dll")}
	var session uint64
	if err := api.call("HttpInitialize", version2, initializeServer, 0); err != nil {
		return err
	}
	if err := api.call("HttpCreateServerSession", version2, unsafe.Pointer(&session), 0); err != nil {
		return err
	}
	if err := api.call("HttpCreateRequestQueue", version2, 0, 0, 0, unsafe.Pointer(&api.queue)); err != nil {
		return err
	}
	for _, prefix := range prefixes {
		if err := api.add(session, prefix); err != nil {
			return err
		}
	}
	go api.serve()
	return nil
}

const (
	version2         = 2 // major in the low half
	initializeServer = 1
	bindingProperty  = 7
)

type httpAPI struct {
	dll   *windows.LazyDLL
	queue windows.Handle
}

// call fails with the number of the error, which Wine has no words for. Its
// arguments are numbers, or pointers that stay good until it returns.
func (a *httpAPI) call(name string, args ...any) error {
	proc := a.dll.NewProc(name)
	if err := proc.Find(); err != nil {
		return err
	}
	words := make([]uintptr, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case int:
			words[i] = uintptr(arg)
		case uint64:
			words[i] = uintptr(arg)
		case windows.Handle:
			words[i] = uintptr(arg)
		case unsafe.Pointer:
			words[i] = uintptr(arg)
		default:
			return fmt.Errorf("%s: argument %d is a %T", name, i, arg)
		}
	}
	code, _, _ := proc.Call(words...)
	runtime.KeepAlive(args)
	if code != 0 {
		return fmt.Errorf("%s: error %d: %w", name, code, syscall.Errno(code))
	}
	return nil
}

func (a *httpAPI) add(session uint64, prefix string) error {
	var group uint64
	if err := a.call("HttpCreateUrlGroup", session, unsafe.Pointer(&group), 0); err != nil {
		return err
	}
	binding := struct {
		present uint32
		queue   windows.Handle
	}{1, a.queue}
	if err := a.call("HttpSetUrlGroupProperty", group, bindingProperty, unsafe.Pointer(&binding), int(unsafe.Sizeof(binding))); err != nil {
		return err
	}
	url, err := windows.UTF16PtrFromString(prefix)
	if err != nil {
		return err
	}
	if err := a.call("HttpAddUrlToUrlGroup", group, unsafe.Pointer(url), 0, 0); err != nil {
		return fmt.Errorf("%s: %w", prefix, err)
	}
	return nil
}

// request is the beginning of HTTP_REQUEST.
type request struct {
	_         [16]byte
	id        uint64
	_         [18]byte
	urlLength uint16 // in bytes
	_         [12]byte
	url       *byte
}

// response is HTTP_RESPONSE.
type response struct {
	flags        uint32
	version      [2]uint16
	status       uint16
	reasonLength uint16
	reason       *byte
	headers      [512]byte
	chunkCount   uint16
	chunks       *chunk
	infoCount    uint16
	info         uintptr
}

// chunk is HTTP_DATA_CHUNK of memory.
type chunk struct {
	_      uint32 // its kind; 0 is memory
	data   *byte
	length uint32
	_      [2]uint32
}

func (a *httpAPI) serve() {
	buf := make([]uint64, 8<<10)
	r := (*request)(unsafe.Pointer(&buf[0]))
	for {
		var got uint32
		err := a.call("HttpReceiveHttpRequest", a.queue, 0, 0, unsafe.Pointer(r), len(buf)*8, unsafe.Pointer(&got), 0)
		if err != nil {
			fmt.Println(err)
			return
		}
		body := append(append([]byte("holder "), unsafe.Slice(r.url, r.urlLength)...), '\n')
		if err := a.answer(r.id, body); err != nil {
			fmt.Println(err)
		}
	}
}

func (a *httpAPI) answer(id uint64, body []byte) error {
	ok := []byte("OK")
	data := chunk{data: &body[0], length: uint32(len(body))}
	reply := response{version: [2]uint16{1, 1}, status: 200, reasonLength: uint16(len(ok)), reason: &ok[0], chunkCount: 1, chunks: &data}
	var sent uint32
	return a.call("HttpSendHttpResponse", a.queue, id, 0, unsafe.Pointer(&reply), 0, unsafe.Pointer(&sent), 0, 0, 0, 0)
}
