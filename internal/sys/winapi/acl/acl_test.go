package acl

import "testing"

// What a folder has that a program makes below %ProgramData% lets every user add to it.
const inherited = "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)"

func TestShut(t *testing.T) {
	const me, other = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
	for sddl, want := range map[string]bool{
		"O:BAG:SYD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)":                    true,
		"O:" + me + "G:DUD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" + me + ")":    true,
		"O:" + other + "G:DUD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" + me + ")": false,
		"O:" + me + "G:DUD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" + other + ")": false,
		"O:BAG:SY" + inherited:                                      true,
		"O:BAG:SY" + inherited + "(A;CIID;DCLCRPCR;;;BU)":           false,
		"O:BAG:SYD:(A;;FA;;;BA)(A;OICIIO;GA;;;BU)":                  false,
		"O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;CO)":                        false,
		"O:BAG:SYD:(A;;FA;;;BA)(A;;0x100116;;;WD)":                  false,
		"O:BAG:SYD:(A;;FA;;;BA)(A;;CCSWWPLORC;;;WD)":                true,
		"O:BAG:SYD:(A;;FA;;;BA)(A;;CCXX;;;WD)":                      false,
		"O:BAG:SYD:(A;;FA;;;BA)(XA;;FX;;;WD;(@User.Title==\"PM\"))": false,
		"O:BAG:SYD:(D;;FA;;;WD)(A;;FA;;;BA)":                        true,
		"O:BAD:(A;;FA;;;BA)":                                        true,
		"O:BAG:SYD:NO_ACCESS_CONTROL":                               false,
		"O:BAG:SY":                                                  false,
		"":                                                          false,
	} {
		if got := Shut(sddl, me); got != want {
			t.Errorf("%s: %v", sddl, got)
		}
	}
}
