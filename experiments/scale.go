package experiments

import "fmt"

// Scale says how close an experiment comes to the paper's effort.
type Scale string

// The scales. Every printed row says which one it is from.
const (
	Smoke  Scale = "smoke"  // minutes: does it run
	Laptop Scale = "laptop" // hours on two cores: the paper's shape
	Paper  Scale = "paper"  // the paper's epochs, seeds and sizes
)

func scales() []Scale { return []Scale{Paper, Laptop, Smoke} } // the largest first

// ParseScale reads a scale's name.
func ParseScale(s string) (Scale, error) {
	switch scale := Scale(s); scale {
	case Smoke, Laptop, Paper:
		return scale, nil
	}
	return "", fmt.Errorf("experiments: unknown scale %q, known are smoke, laptop, paper", s)
}

// pick chooses a setting by scale.
func pick[T any](s Scale, smoke, laptop, paper T) T {
	switch s {
	case Smoke:
		return smoke
	case Laptop:
		return laptop
	}
	return paper
}
