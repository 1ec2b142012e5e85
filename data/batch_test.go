package data

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func mustBatches(t testing.TB, d *Dataset, o Options) *Batches {
	t.Helper()
	b, err := NewBatches(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// filled is a batch with memory of its own.
type filled struct {
	x []float32
	y []int32
	n int
}

func fillOne(t testing.TB, b *Batches, epoch, step int) filled {
	t.Helper()
	size := b.options.BatchSize
	f := filled{x: make([]float32, size*b.data.ImageSize()), y: make([]int32, size)}
	n, err := b.Fill(epoch, step, f.x, f.y)
	if err != nil {
		t.Fatal(err)
	}
	f.n = n
	return f
}

func (f filled) equal(g filled) bool {
	return f.n == g.n && slices.Equal(f.x, g.x) && slices.Equal(f.y, g.y)
}

func TestFillNormalises(t *testing.T) {
	d := toy(5, 3, 4, 5, 5)
	f := fillOne(t, mustBatches(t, d, Options{BatchSize: 5}), 0, 0)
	for i, found := range f.x {
		c := i / 20 % 3
		want := (float64(d.Images[i])/255 - float64(d.Mean[c])) / float64(d.Std[c])
		if !(math.Abs(float64(found)-want) <= 1e-6) {
			t.Fatalf("value %d: wanted %v, found %v", i, want, found)
		}
	}
	if !slices.Equal(f.y, []int32{0, 1, 2, 3, 4}) {
		t.Errorf("wanted the labels in order, found %v", f.y)
	}
}

// Black is (0 − 0.1307)/0.3081 = −0.42421, white (1 − 0.1307)/0.3081 = 2.82149.
func TestMNISTNormalisation(t *testing.T) {
	table := (&Dataset{Channels: 1, Mean: []float32{0.1307}, Std: []float32{0.3081}}).tables()[0]
	if !(math.Abs(float64(table[0])+0.42421) <= 1e-5 && math.Abs(float64(table[255])-2.82149) <= 1e-5) {
		t.Errorf("wanted −0.42421 and 2.82149, found %v and %v", table[0], table[255])
	}
}

func TestPartialLastBatch(t *testing.T) {
	d := toy(10, 1, 2, 2, 10)
	b := mustBatches(t, d, Options{BatchSize: 4})
	if b.Steps() != 3 {
		t.Fatalf("wanted 3 steps, found %d", b.Steps())
	}
	f := filled{x: slices.Repeat([]float32{7}, 16), y: make([]int32, 4)}
	n, err := b.Fill(0, 2, f.x, f.y)
	if err != nil || n != 2 {
		t.Fatalf("wanted 2 images, found %d, %v", n, err)
	}
	if !slices.Equal(f.y, []int32{8, 9, Padding, Padding}) || !slices.Equal(f.x[8:], make([]float32, 8)) {
		t.Errorf("wanted blank padding, found labels %v and %v", f.y, f.x[8:])
	}
	if steps := mustBatches(t, d, Options{BatchSize: 4, DropLast: true}).Steps(); steps != 2 {
		t.Errorf("drop last: wanted 2 steps, found %d", steps)
	}
}

func TestFillRejectsBadCalls(t *testing.T) {
	d := toy(10, 1, 2, 2, 10)
	b := mustBatches(t, d, Options{BatchSize: 4})
	x, y := make([]float32, 16), make([]int32, 4)
	for _, c := range []struct {
		epoch, step int
		x           []float32
		y           []int32
	}{{0, 3, x, y}, {0, -1, x, y}, {-1, 0, x, y}, {0, 0, x[:15], y}, {0, 0, x, y[:3]}} {
		if _, err := b.Fill(c.epoch, c.step, c.x, c.y); err == nil {
			t.Errorf("epoch %d, step %d, buffers of %d and %d: wanted an error", c.epoch, c.step, len(c.x), len(c.y))
		}
	}
	for _, o := range []Options{{}, {BatchSize: -1}, {BatchSize: 1, Workers: -1}} {
		if _, err := NewBatches(d, o); err == nil {
			t.Errorf("%+v: wanted an error", o)
		}
	}
}

// Every epoch shows every image once, in an order of its own.
func TestShuffledEpochs(t *testing.T) {
	d := toy(200, 1, 2, 2, 200) // label = index
	b := mustBatches(t, d, Options{BatchSize: 30, Shuffle: true, Seed: 5})
	orders := map[string]bool{}
	for epoch := range 3 {
		var order []uint8
		for step := range b.Steps() {
			f := fillOne(t, b, epoch, step)
			for _, label := range f.y[:f.n] {
				order = append(order, uint8(label))
			}
		}
		orders[string(order)] = true
		if slices.Sort(order); !slices.Equal(order, d.Labels) {
			t.Errorf("epoch %d does not show every image once", epoch)
		}
	}
	if len(orders) != 3 {
		t.Errorf("wanted 3 orders, found %d", len(orders))
	}
}

// A batch depends on (seed, epoch, step) alone: not on what was filled before,
// which is what resuming needs, and not on the number of goroutines.
func TestFillDependsOnSeedEpochStepOnly(t *testing.T) {
	d := toy(300, 3, 32, 32, 10)
	options := Options{BatchSize: 128, Shuffle: true, Augment: true, Seed: 9, Workers: 1}
	serial := mustBatches(t, d, options)
	var want []filled
	for epoch := range 2 {
		for step := range serial.Steps() {
			want = append(want, fillOne(t, serial, epoch, step))
		}
	}
	for _, workers := range []int{1, 2, 3, 7} {
		options.Workers = workers
		b := mustBatches(t, d, options)
		for k := len(want) - 1; k >= 0; k-- { // backwards
			if !fillOne(t, b, k/3, k%3).equal(want[k]) {
				t.Errorf("%d workers, epoch %d, step %d differs", workers, k/3, k%3)
			}
		}
	}
	options.Seed++
	if fillOne(t, mustBatches(t, d, options), 0, 0).equal(want[0]) {
		t.Error("another seed gives the same batch")
	}
	if slices.Equal(want[0].y, want[3].y) {
		t.Error("another epoch gives the same order")
	}
}

func TestFillDoesNotAllocate(t *testing.T) {
	d := toy(256, 3, 32, 32, 10)
	b := mustBatches(t, d, Options{BatchSize: 128, Shuffle: true, Augment: true, Workers: 1})
	f := fillOne(t, b, 0, 0)
	if n := testing.AllocsPerRun(20, func() { b.Fill(0, 1, f.x, f.y) }); n != 0 {
		t.Errorf("wanted no allocation, found %v", n)
	}
}

func TestNewBatchesRejectsBrokenDataset(t *testing.T) {
	for name, damage := range map[string]func(*Dataset){
		"wanted 80 pixels":                func(d *Dataset) { d.Images = d.Images[1:] },
		"wanted a mean and a std":         func(d *Dataset) { d.Std = nil },
		"image 3: wanted a class of 0 to": func(d *Dataset) { d.Labels[3] = 5 },
	} {
		d := toy(10, 2, 2, 2, 5)
		damage(d)
		if _, err := NewBatches(d, Options{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("wanted %q, found %v", name, err)
		}
	}
}

func TestGather(t *testing.T) {
	d := toy(20, 3, 4, 4, 20)
	all := fillOne(t, mustBatches(t, d, Options{BatchSize: 20}), 0, 0)
	size := d.ImageSize()
	x, y := make([]float32, 3*size), make([]int32, 3)
	if err := d.Gather([]int{17, 3, 17}, x, y); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(all.x[17*size:18*size], all.x[3*size:4*size], all.x[17*size:18*size])
	if !slices.Equal(x, want) || !slices.Equal(y, []int32{17, 3, 17}) {
		t.Error("wanted images 17, 3, 17 normalised")
	}
	if err := d.Gather([]int{0, 1, 20}, x, y); err == nil {
		t.Error("index 20: wanted an error")
	}
	if err := d.Gather([]int{0, 1}, x, y); err == nil {
		t.Error("buffers too large: wanted an error")
	}
}

func BenchmarkFill(b *testing.B) {
	for _, c := range []struct {
		name string
		d    *Dataset
		o    Options
	}{
		{"cifar128-augmented-1worker", toy(5000, 3, 32, 32, 10), Options{BatchSize: 128, Shuffle: true, Augment: true, Workers: 1}},
		{"cifar128-augmented", toy(5000, 3, 32, 32, 10), Options{BatchSize: 128, Shuffle: true, Augment: true}},
		{"cifar128-1worker", toy(5000, 3, 32, 32, 10), Options{BatchSize: 128, Shuffle: true, Workers: 1}},
		{"mnist64", toy(5000, 1, 28, 28, 10), Options{BatchSize: 64, Shuffle: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			batches := mustBatches(b, c.d, c.o)
			f := fillOne(b, batches, 0, 0)
			b.SetBytes(int64(4 * len(f.x)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := batches.Fill(0, i%(batches.Steps()-1), f.x, f.y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
