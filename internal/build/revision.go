// Package build says from which source the running program was built.
package build

import "runtime/debug"

// Unknown is the revision of a program that was not built in a checkout.
const Unknown = "unknown"

// Revision is the git commit of the running program, its first 12 digits, with
// "+changes" behind it if the tree was changed; [Unknown] if the program was
// not built in a checkout.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Unknown
	}
	return revision(info.Settings)
}

func revision(settings []debug.BuildSetting) string {
	const digits = 12
	commit, suffix := Unknown, ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(digits, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			suffix = "+changes"
		}
	}
	return commit + suffix
}
