package build

import (
	"runtime/debug"
	"testing"
)

func TestRevision(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	for _, c := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, Unknown},
		{[]debug.BuildSetting{commit}, "0123456789ab"},
		{[]debug.BuildSetting{commit, {Key: "vcs.modified", Value: "false"}}, "0123456789ab"},
		{[]debug.BuildSetting{commit, {Key: "vcs.modified", Value: "true"}}, "0123456789ab+changes"},
	} {
		if got := revision(c.settings); got != c.want {
			t.Errorf("%v: wanted %s, found %s", c.settings, c.want, got)
		}
	}
}
