// Package acl judges who else may change a file or folder of Windows, by its security
// descriptor.
package acl

import (
	"slices"
	"strconv"
	"strings"
)

// Rights to change a folder, or what is in it: write data, append, delete a child or
// itself, write its rights and its owner, and the generic ones that have them.
const changing = 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000

// rights gives the access mask of SDDL's two letters, as far as files have them.
func rights(code string) (mask uint64, known bool) {
	for i, c := range strings.Fields("CC DC LC SW RP WP DT LO CR") {
		if c == code {
			return 1 << i, true
		}
	}
	mask, known = map[string]uint64{"SD": 0x10000, "RC": 0x20000, "WD": 0x40000, "WO": 0x80000,
		"FA": 0x1f01ff, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200a0,
		"GA": 0x10000000, "GX": 0x20000000, "GW": 0x40000000, "GR": 0x80000000}[code]
	return mask, known
}

// Shut tells that nobody but administrators, the system and self (a SID) owns what has
// this security descriptor (SDDL with owner and DACL) or may change it. What cannot be
// read is not shut.
func Shut(sddl, self string) bool {
	trusted := []string{"BA", "SY", "LA", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", self}
	owner, rest, _ := strings.Cut(strings.TrimPrefix(sddl, "O:"), "G:")
	if i := strings.Index(rest, "D:"); i >= 0 {
		rest = rest[i+2:]
	} else if owner, rest, _ = strings.Cut(owner, "D:"); rest == "" {
		return false
	}
	_, aces, found := strings.Cut(rest, "(")
	if !slices.Contains(trusted, owner) || !found {
		return false
	}
	for ace := range strings.SplitSeq(strings.TrimSuffix(aces, ")"), ")(") {
		f := strings.Split(ace, ";")
		if len(f) != 6 || f[0] != "A" && f[0] != "D" {
			return false
		}
		// What whoever makes a child gets is nobody else's, since nobody else can make one.
		creator := f[5] == "CO" && strings.Contains(f[1], "IO") || f[5] == "OW"
		if f[0] == "A" && !creator && !slices.Contains(trusted, f[5]) && changes(f[2]) {
			return false
		}
	}
	return true
}

// changes tells whether the rights of an entry let anybody change something.
func changes(text string) bool {
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		mask, err := strconv.ParseUint(hex, 16, 32)
		return err != nil || mask&changing != 0
	}
	for ; len(text) > 1; text = text[2:] {
		if mask, known := rights(text[:2]); !known || mask&changing != 0 {
			return true
		}
	}
	return text != ""
}
