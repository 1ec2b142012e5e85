package bench

import (
	"os"
	"strconv"
	"strings"
)

// peakRSS is the most memory that the process has had resident, in 2^20 bytes:
// Linux's VmHWM, 0 elsewhere.
func peakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return parsePeak(string(status))
}

// parsePeak finds a line such as "VmHWM:  1234 kB".
func parsePeak(status string) float64 {
	for field := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(field, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}
