package main

import (
	"fmt"

	"otfusion/internal/weights"
)

// What one process is asked to hold, at most.
const (
	maxThreads = 1024
	maxModels  = 256
	maxBatch   = 1 << 16
	maxSteps   = 1 << 20
)

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// given is the value of a flag, or its default.
func given[T any](flag *T, standard T) T {
	if flag == nil {
		return standard
	}
	return *flag
}

// wantPositive refuses zero, negative numbers and NaN.
func wantPositive[T int | float64](flag string, value T) error {
	if !(value > 0) {
		return usage("%s: wanted a positive number, found %v", flag, value)
	}
	return nil
}

func wantShare(flag string, value float64) error {
	if !(value >= 0 && value <= 1) {
		return usage("%s: wanted a number from 0 to 1, found %v", flag, value)
	}
	return nil
}

func wantBetween(flag string, value, least, most int) error {
	if value < least || value > most {
		return usage("%s: wanted %d to %d, found %d", flag, least, most, value)
	}
	return nil
}

func wantNotNegative(flag string, value int) error {
	if value < 0 {
		return usage("%s: wanted no negative number, found %d", flag, value)
	}
	return nil
}

// wantTwo refuses to combine fewer than two models.
func wantTwo(models []string) error {
	if len(models) < 2 {
		return usage("wanted two or more models, found %d", len(models))
	}
	return nil
}

// wantWeights refuses weights that cannot be those of n models; none are equal ones.
func wantWeights(flag string, given []float64, n int) error {
	if _, err := weights.Normalize(given, n); err != nil {
		return usage("%s: %w", flag, err)
	}
	return nil
}
