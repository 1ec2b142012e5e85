package experiments

import "fmt"

// Scale says how close an experiment comes to the paper's effort.
type Scale string

// The scales. Every printed row says which one it is from.
const (
	Smoke   Scale = "smoke"   // minutes: does it run
	Reduced Scale = "reduced" // hours on two cores: the paper's shape
	Paper   Scale = "paper"   // the paper's epochs, seeds and sizes
)

func scales() []Scale { return []Scale{Paper, Reduced, Smoke} } // the largest first

// ParseScale reads a scale's name.
func ParseScale(s string) (Scale, error) {
	switch scale := Scale(s); scale {
	case Smoke, Reduced, Paper:
		return scale, nil
	}
	return "", fmt.Errorf("experiments: wanted the scale smoke, reduced or paper, found %q", s)
}

// pick chooses a setting by scale.
func pick[T any](s Scale, smoke, reduced, paper T) T {
	switch s {
	case Smoke:
		return smoke
	case Reduced:
		return reduced
	}
	return paper
}
