package bindrule

// This file is macOS' rules as data, read from the kernel's published source (xnu,
// bsd/netinet/in_pcb.c in_pcbbind and bsd/netinet6/in6_pcb.c in6_pcbbind). Unlike
// Linux's they were never tried: no Mac was at hand. Nothing here is used by [Judge].
//
// The kernel looks for a socket that is in the newcomer's way. With SO_REUSEADDR or
// SO_REUSEPORT on the newcomer it looks for one of exactly that address, which has no
// peer; without either, for one that overlaps, and connections count. What it finds
// refuses the newcomer, unless both have SO_REUSEPORT. The other's SO_REUSEADDR is of
// no matter.

// darwinExact has a row for the newcomer and a column for the other, where the newcomer
// has SO_REUSEADDR or SO_REUSEPORT.
var darwinExact = [forms][forms]meet{
	v4Any:  {v4Any: always, v6Dual: always},
	v4One:  {v4One: same},
	v6Dual: {v6Dual: always, v6Only: always},
	v6Only: {v6Dual: always, v6Only: always},
	v6One:  {v6One: same},
}

// darwinWild is the same where it has neither. An IPv4 socket finds an IPv6 one that
// takes IPv4 too; the other way round the kernel lets the two wildcards stand beside
// each other, and looks at single IPv4 addresses only.
var darwinWild = [forms][forms]meet{
	v4Any:  {v4Any: always, v4One: always, v6Dual: always},
	v4One:  {v4Any: always, v4One: same, v6Dual: always},
	v6Dual: {v4One: always, v6Dual: always, v6Only: always, v6One: always},
	v6Only: {v6Dual: always, v6Only: always, v6One: always},
	v6One:  {v6Dual: always, v6Only: always, v6One: same},
}
