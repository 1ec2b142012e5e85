package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// widen gives an axis a range where there is no value, or one.
func widen(a *plot.Axis, log bool) {
	switch {
	case a.Min > a.Max: // nothing is drawn
		a.Min, a.Max = 1, 10
	case a.Min == a.Max && log:
		a.Min, a.Max = a.Min/2, a.Max*2
	case a.Min == a.Max:
		a.Min, a.Max = a.Min-1, a.Max+1
	}
}

// roundOut lets an axis begin and end at a tick.
func roundOut(a *plot.Axis) {
	for range 3 {
		step := roundStep((a.Max - a.Min) / 6)
		low, high := step*math.Floor(a.Min/step+1e-9), step*math.Ceil(a.Max/step-1e-9)
		if low == a.Min && high == a.Max {
			return
		}
		a.Min, a.Max = low, high // a wider range may have a longer step
	}
}

// roundTicks are at multiples of 1, 2 or 5 times a power of ten.
type roundTicks struct{}

// Ticks are about six.
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	step := roundStep((high - low) / 6)
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		value := i * step
		ticks = append(ticks, plot.Tick{Value: value, Label: strconv.FormatFloat(value+0, 'f', decimals, 64)})
	}
	return ticks
}

// roundStep is the smallest 1, 2 or 5 times a power of ten that is not below x.
func roundStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if x <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logTicks are at 1, 2 and 5 times each power of ten, or at the powers alone
// where these are many.
type logTicks struct{}

// Ticks are at least two.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	multiples := []float64{1, 2, 5}
	if math.Log10(high/low) > 3 {
		multiples = multiples[:1]
	}
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
		for _, m := range multiples {
			value := m * math.Pow(10, e)
			if value >= low*(1-1e-9) && value <= high*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'g', 3, 64)})
			}
		}
	}
	if len(ticks) < 2 {
		return roundTicks{}.Ticks(low, high)
	}
	return ticks
}
