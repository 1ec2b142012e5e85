package memory

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"otfusion/internal/smallfile"
)

func total() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	machine := uint64(info.Totalram) * uint64(info.Unit)
	if group := limit("/sys/fs/cgroup/memory.max"); group > 0 && group < machine {
		return group
	}
	return machine
}

// limit reads the limit of the control group that the process sees as its root,
// as in a container: a number of bytes, or max. It is 0 where there is none.
func limit(path string) uint64 {
	text, err := smallfile.Read(path, 64)
	if err != nil {
		return 0
	}
	bytes, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return bytes
}
