package fact

import "fmt"

// UnmarshalText reads a protocol's name; see [word].
func (p *Proto) UnmarshalText(b []byte) error { return word(p, b) }

// UnmarshalText reads a state's name; see [word].
func (s *State) UnmarshalText(b []byte) error { return word(s, b) }

// UnmarshalText reads a link kind's name; see [word].
func (k *LinkKind) UnmarshalText(b []byte) error { return word(k, b) }

// UnmarshalText reads a gap kind's name; see [word].
func (k *GapKind) UnmarshalText(b []byte) error { return word(k, b) }

// UnmarshalText reads a range kind's name; see [word].
func (k *RangeKind) UnmarshalText(b []byte) error { return word(k, b) }

// word takes the names that this package gives, and those that a later one may:
// up to 32 lower-case letters, digits and dashes. Anything else in a file is no
// name, and would be said to people as it stands.
func word[T ~string](to *T, b []byte) error {
	if len(b) > 32 {
		return fmt.Errorf("a name of %d bytes", len(b))
	}
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%q is no name", b)
		}
	}
	*to = T(b)
	return nil
}
