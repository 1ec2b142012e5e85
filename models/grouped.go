package models

import "fmt"

// Depthwise tells a convolution that makes each channel of one channel, given
// how many it reads.
func (l Layer) Depthwise(channels int) bool {
	return l.Op == Conv2D && l.Groups > 1 && l.Groups == channels && l.Groups == l.Out
}

// checkGroups reports groups that do not divide the channels.
func (l Layer) checkGroups(in Shape) error {
	if g := max(l.Groups, 1); l.Groups < 0 || in.C%g != 0 || l.Out%g != 0 {
		return fmt.Errorf("%d groups do not divide %d input and %d output channels", l.Groups, in.C, l.Out)
	}
	return nil
}
