package fwpuclnt

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys engineOpen(server *uint16, authn uint32, identity uintptr, session uintptr, engine *windows.Handle) (errcode error) = fwpuclnt.FwpmEngineOpen0?
//sys engineClose(engine windows.Handle) (errcode error) = fwpuclnt.FwpmEngineClose0?
//sys calloutCreateEnum(engine windows.Handle, template uintptr, enum *windows.Handle) (errcode error) = fwpuclnt.FwpmCalloutCreateEnumHandle0?
//sys calloutEnum(engine windows.Handle, enum windows.Handle, want uint32, entries ***callout, got *uint32) (errcode error) = fwpuclnt.FwpmCalloutEnum0?
//sys calloutDestroyEnum(engine windows.Handle, enum windows.Handle) (errcode error) = fwpuclnt.FwpmCalloutDestroyEnumHandle0?
//sys providerCreateEnum(engine windows.Handle, template uintptr, enum *windows.Handle) (errcode error) = fwpuclnt.FwpmProviderCreateEnumHandle0?
//sys providerEnum(engine windows.Handle, enum windows.Handle, want uint32, entries ***provider, got *uint32) (errcode error) = fwpuclnt.FwpmProviderEnum0?
//sys providerDestroyEnum(engine windows.Handle, enum windows.Handle) (errcode error) = fwpuclnt.FwpmProviderDestroyEnumHandle0?
//sys freeMemory(p unsafe.Pointer) (err error) = fwpuclnt.FwpmFreeMemory0?

// displayData is FWPM_DISPLAY_DATA0.
type displayData struct {
	name        *uint16
	description *uint16
}

// blob is FWP_BYTE_BLOB.
type blob struct {
	size uint32
	data *byte
}

// callout is FWPM_CALLOUT0.
type callout struct {
	key      GUID
	display  displayData
	flags    uint32
	provider *GUID
	data     blob
	layer    GUID
	id       uint32
}

// provider is FWPM_PROVIDER0.
type provider struct {
	key     GUID
	display displayData
	flags   uint32
	data    blob
	service *uint16
}

// What fwpmtypes.h makes of these for 64-bit Windows. A wrong size or place does
// not compile.
var (
	_ [88]byte = [unsafe.Sizeof(callout{})]byte{}
	_ [16]byte = [unsafe.Offsetof(callout{}.display)]byte{}
	_ [32]byte = [unsafe.Offsetof(callout{}.flags)]byte{}
	_ [40]byte = [unsafe.Offsetof(callout{}.provider)]byte{}
	_ [48]byte = [unsafe.Offsetof(callout{}.data)]byte{}
	_ [64]byte = [unsafe.Offsetof(callout{}.layer)]byte{}
	_ [80]byte = [unsafe.Offsetof(callout{}.id)]byte{}
	_ [64]byte = [unsafe.Sizeof(provider{})]byte{}
	_ [40]byte = [unsafe.Offsetof(provider{}.data)]byte{}
	_ [56]byte = [unsafe.Offsetof(provider{}.service)]byte{}
)

// authnWinNT is RPC_C_AUTHN_WINNT.
const authnWinNT = 10

// Limits of what is asked for at once; a machine has some hundred of each.
const (
	maxCallouts  = 4096
	maxProviders = 1024
)

// Engine is an open session with the filter engine. It is used by one goroutine.
type Engine struct{ h windows.Handle }

// Open opens a session with the filter engine, which any user may; what it then
// tells is the administrators' and the network operators' to read. It blocks for
// one round trip to the service BFE and fails where that does not run.
func Open() (*Engine, error) {
	e := new(Engine)
	if err := engineOpen(nil, authnWinNT, 0, 0, &e.h); err != nil {
		return nil, err
	}
	return e, nil
}

// Close ends the session.
func (e *Engine) Close() error { return engineClose(e.h) }

// Callouts lists the callouts, at most 4,096.
func (e *Engine) Callouts() ([]Callout, error) {
	var enum windows.Handle
	if err := calloutCreateEnum(e.h, 0, &enum); err != nil {
		return nil, err
	}
	defer calloutDestroyEnum(e.h, enum)
	var rows **callout
	var n uint32
	if err := calloutEnum(e.h, enum, maxCallouts, &rows, &n); err != nil {
		return nil, err
	}
	defer freeMemory(unsafe.Pointer(&rows))
	var out []Callout
	for _, r := range unsafe.Slice(rows, n) {
		c := Callout{Name: text(r.display.name), Description: text(r.display.description), Layer: r.layer}
		if r.provider != nil {
			c.Provider = *r.provider
		}
		out = append(out, c)
	}
	return out, nil
}

// Providers lists the providers, at most 1,024.
func (e *Engine) Providers() ([]Provider, error) {
	var enum windows.Handle
	if err := providerCreateEnum(e.h, 0, &enum); err != nil {
		return nil, err
	}
	defer providerDestroyEnum(e.h, enum)
	var rows **provider
	var n uint32
	if err := providerEnum(e.h, enum, maxProviders, &rows, &n); err != nil {
		return nil, err
	}
	defer freeMemory(unsafe.Pointer(&rows))
	var out []Provider
	for _, r := range unsafe.Slice(rows, n) {
		out = append(out, Provider{Key: r.key, Name: text(r.display.name), Description: text(r.display.description), Service: text(r.service)})
	}
	return out, nil
}

// text is the string that a pointer of the engine's leads to; a nil one is "".
func text(p *uint16) string {
	if p == nil {
		return ""
	}
	return windows.UTF16PtrToString(p)
}
