package prefix

import (
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

// Causes of an error that the facts do not show, or not any more.
const (
	CauseRights       Rule = "cause-rights"        // 5: no right then, or another account
	CauseHolder       Rule = "cause-holder"        // 32: some program had the port
	CauseRegistered   Rule = "cause-registered"    // 183: somebody had the prefix, a second copy perhaps
	CauseRangeAnyway  Rule = "cause-range"         // 183: an excluded range was behind it once
	CauseForm         Rule = "cause-form"          // 87: the text that HTTP.sys got was another one
	CauseGroup        Rule = "cause-group"         // 87: a URL group of another process
	CauseHost         Rule = "cause-host"          // 50
	CauseAddress      Rule = "cause-address"       // 1214: no address of this machine then
	CauseDisabled     Rule = "cause-disabled"      // 1058, 1068
	CauseVersion      Rule = "cause-version"       // 1306
	CauseNotThere     Rule = "cause-not-there"     // 2, 1168: removed, and never registered
	CauseAccountName  Rule = "cause-account-name"  // 1332: user= with a name of another language
	CausePrivilege    Rule = "cause-privilege"     // 1314
	CauseServiceState Rule = "cause-service-state" // 32 of IIS, which keeps bindings for itself: another site
)

// Explanation is what an error of a registration means.
type Explanation struct {
	Code urlprefix.Code
	// Shown tells whether the facts show the cause: Causes are then the checks that
	// fail with this very error. Else they are what is usual.
	Shown  bool
	Causes []Finding
	Answer *Answer // for the prefix, where there is one
}

// Explain says what code means for a program that wanted prefix, "" where the text
// that tells the error names none. Known is false for codes that HTTP.sys does not
// give.
func Explain(set *fact.Set, code urlprefix.Code, prefix string, who Who) (x Explanation, known bool) {
	x.Code = code
	if prefix != "" {
		a := Check(set, prefix, who)
		x.Answer = &a
		for _, v := range a.Verdicts {
			if !v.OK && (v.Code == code || slices.Contains(v.Also, code)) {
				x.Causes, x.Shown = append(x.Causes, v.Finding), true
			}
		}
	}
	if x.Shown {
		return x, true
	}
	for _, r := range usual(code) {
		x.Causes = append(x.Causes, Finding{Rule: r, Confidence: urlprefix.Likely})
	}
	for i := range x.Causes[min(1, len(x.Causes)):] {
		x.Causes[i+1].Confidence = urlprefix.Possible
	}
	return x, len(x.Causes) > 0
}

// usual are the causes of an error, the most usual first.
func usual(code urlprefix.Code) []Rule {
	switch code {
	case urlprefix.AccessDenied:
		return []Rule{CauseRights}
	case urlprefix.SharingViolation:
		return []Rule{CauseHolder, CauseServiceState}
	case urlprefix.AlreadyExists:
		return []Rule{CauseRegistered, CauseRangeAnyway}
	case urlprefix.InvalidParameter:
		return []Rule{CauseForm, CauseGroup}
	case urlprefix.NotSupported:
		return []Rule{CauseHost}
	case urlprefix.InvalidNetname:
		return []Rule{CauseAddress}
	case urlprefix.ServiceDisabled, urlprefix.DependencyFailed:
		return []Rule{CauseDisabled}
	case urlprefix.RevisionMismatch:
		return []Rule{CauseVersion}
	case urlprefix.FileNotFound, urlprefix.NotFound:
		return []Rule{CauseNotThere}
	case urlprefix.NoneMapped:
		return []Rule{CauseAccountName}
	case urlprefix.PrivilegeNotHeld:
		return []Rule{CausePrivilege}
	}
	return nil
}
