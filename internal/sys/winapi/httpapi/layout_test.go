package httpapi

import "unsafe"

// What http.h makes of these for 64-bit Windows. A wrong size or place does not
// compile, on any system.
var (
	_ [128]byte = [unsafe.Sizeof(SockaddrStorage{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(URLACLQuery{})]byte{}
	_ [16]byte  = [unsafe.Offsetof(URLACLQuery{}.Token)]byte{}
	_ [16]byte  = [unsafe.Sizeof(URLACLSet{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(SSLQuery{})]byte{}
	_ [80]byte  = [unsafe.Sizeof(SSLParam{})]byte{}
	_ [16]byte  = [unsafe.Offsetof(SSLParam{}.AppID)]byte{}
	_ [32]byte  = [unsafe.Offsetof(SSLParam{}.Store)]byte{}
	_ [56]byte  = [unsafe.Offsetof(SSLParam{}.CtlIdentifier)]byte{}
	_ [72]byte  = [unsafe.Offsetof(SSLParam{}.Flags)]byte{}
	_ [88]byte  = [unsafe.Sizeof(SSLSet{})]byte{}
	_ [136]byte = [unsafe.Sizeof(SNIKey{})]byte{}
	_ [152]byte = [unsafe.Sizeof(SNIQuery{})]byte{}
	_ [144]byte = [unsafe.Offsetof(SNIQuery{}.Token)]byte{}
	_ [216]byte = [unsafe.Sizeof(SNISet{})]byte{}
	_ [144]byte = [unsafe.Sizeof(CCSQuery{})]byte{}
	_ [136]byte = [unsafe.Offsetof(CCSQuery{}.Token)]byte{}
	_ [208]byte = [unsafe.Sizeof(CCSSet{})]byte{}
	_ [136]byte = [unsafe.Sizeof(IPListenQuery{})]byte{}
	_ [8]byte   = [unsafe.Offsetof(IPListenQuery{}.First)]byte{}
	_ [16]byte  = [unsafe.Sizeof(IPListenParam{})]byte{}
	_ [8]byte   = [unsafe.Offsetof(IPListenParam{}.Address)]byte{}
	_ [8]byte   = [unsafe.Sizeof(TimeoutSet{})]byte{}
	_ [4]byte   = [unsafe.Offsetof(TimeoutSet{}.Value)]byte{}
)
