package data

import (
	"math"
	"testing"
)

// windowOf is a crop by its definition: pad with black, cut, mirror.
func windowOf(v crop, plane []uint8, h, w int) []uint8 {
	padded := make([]uint8, (h+2*pad)*(w+2*pad))
	for r := range h {
		copy(padded[(r+pad)*(w+2*pad)+pad:], plane[r*w:(r+1)*w])
	}
	window := make([]uint8, 0, h*w)
	for r := range h {
		for c := range w {
			if v.flip {
				c = w - 1 - c
			}
			window = append(window, padded[(r+pad+v.dy)*(w+2*pad)+c+pad+v.dx])
		}
	}
	return window
}

func TestViewsAgainstDefinition(t *testing.T) {
	d := toy(1, 1, 9, 11, 1)
	table := &d.tables()[0]
	x := make([]float32, len(d.Images))
	for dy := -pad; dy <= pad; dy++ {
		for dx := -pad; dx <= pad; dx++ {
			for _, flip := range []bool{false, true} {
				v := crop{dy, dx, flip}
				v.render(d.Images, d.Height, d.Width, table, x)
				for i, pixel := range windowOf(v, d.Images, d.Height, d.Width) {
					if x[i] != table[pixel] {
						t.Fatalf("%+v, value %d: wanted %v, found %v", v, i, table[pixel], x[i])
					}
				}
			}
		}
	}
}

// An image narrower than the padding may leave the window altogether.
func TestViewsOfTinyImages(t *testing.T) {
	d := toy(1, 1, 2, 3, 1)
	table := &d.tables()[0]
	x := make([]float32, len(d.Images))
	for _, v := range []crop{{0, -pad, false}, {0, pad, true}, {pad, pad, false}} {
		v.render(d.Images, d.Height, d.Width, table, x)
		for i, value := range x {
			if value != table[0] {
				t.Errorf("%+v, value %d: wanted black, found %v", v, i, value)
			}
		}
	}
}

// Over the samples of an epoch the 9·9·2 views are equally likely, by χ² with
// 161 degrees of freedom (its 99.9 % quantile is 219.0), and neighbours are
// independent: two have the same crop once in 162, within five deviations.
func TestViewsAreUniform(t *testing.T) {
	const n = 162 * 300
	for epoch := range 3 {
		key := newEpochKey(11, epoch)
		counts, same, last := map[crop]int{}, 0, crop{}
		for i := range n {
			v := key.crop(i)
			counts[v]++
			if v == last {
				same++
			}
			last = v
		}
		chi2 := 0.0
		for dy := -pad; dy <= pad; dy++ {
			for dx := -pad; dx <= pad; dx++ {
				for _, flip := range []bool{false, true} {
					deviation := float64(counts[crop{dy, dx, flip}]) - 300
					chi2 += deviation * deviation / 300
				}
			}
		}
		if chi2 > 219.0 {
			t.Errorf("epoch %d: χ² = %.1f", epoch, chi2)
		}
		if math.Abs(float64(same)-300) > 5*math.Sqrt(300) {
			t.Errorf("epoch %d: %d neighbours have the same crop, wanted about 300", epoch, same)
		}
	}
}

func TestViewsDifferBetweenEpochs(t *testing.T) {
	a, b, same := newEpochKey(3, 0), newEpochKey(3, 1), 0
	for i := range 1620 {
		if a.crop(i) == b.crop(i) {
			same++
		}
	}
	if same > 40 { // 10 expected
		t.Errorf("%d of 1620 samples have the same crop in two epochs", same)
	}
}
