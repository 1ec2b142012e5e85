package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// cifarSide is the height and width of a CIFAR image.
const cifarSide = 32

// A cifarLayout describes one of the CIFAR binary distributions
// (https://www.cs.toronto.edu/~kriz/cifar.html). A file is a sequence of
// records; a record is its labels, one byte each, the last of which is the
// class, then the pixels.
type cifarLayout struct {
	name        string
	folder      string
	side        int // of an image: three planes of side×side, red, green, blue
	train, test []batchFile
	labels      []int // number of values of each label of a record
	classNames  []string
	mean, std   []float32
	archive     archive
	python      cifarPython
}

// A batchFile is a file of a known number of records.
type batchFile struct {
	name    string
	records int
}

func cifar10() cifarLayout {
	return cifarLayout{
		name:   "cifar10",
		folder: "cifar-10-batches-bin",
		side:   cifarSide,
		train: []batchFile{{"data_batch_1.bin", 10000}, {"data_batch_2.bin", 10000}, {"data_batch_3.bin", 10000},
			{"data_batch_4.bin", 10000}, {"data_batch_5.bin", 10000}},
		test:       []batchFile{{"test_batch.bin", 10000}},
		labels:     []int{10},
		classNames: cifar10Names(),
		mean:       []float32{0.4914, 0.4822, 0.4465},
		std:        []float32{0.2023, 0.1994, 0.2010}, // as in the paper: the mean of the images' stds; that of all pixels is about 0.247
		archive:    archive{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"},
		python:     cifar10Python(),
	}
}

func cifar100() cifarLayout {
	return cifarLayout{
		name:       "cifar100",
		folder:     "cifar-100-binary",
		side:       cifarSide,
		train:      []batchFile{{"train.bin", 50000}},
		test:       []batchFile{{"test.bin", 10000}},
		labels:     []int{20, 100}, // superclass, class
		classNames: cifar100Names(),
		mean:       []float32{0.5071, 0.4867, 0.4408},
		std:        []float32{0.2675, 0.2565, 0.2761},
		archive:    archive{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"},
		python:     cifar100Python(),
	}
}

// layoutOf returns the layout of a dataset that is read from files.
func layoutOf(name string) (cifarLayout, error) {
	switch name {
	case "cifar10":
		return cifar10(), nil
	case "cifar100":
		return cifar100(), nil
	}
	return cifarLayout{}, &UnknownError{name}
}

// pixels is the number of values of an image.
func (l cifarLayout) pixels() int { return 3 * l.side * l.side }

func (l cifarLayout) recordSize() int { return len(l.labels) + l.pixels() }

func (l cifarLayout) fileSize(f batchFile) int64 { return int64(f.records) * int64(l.recordSize()) }

func (l cifarLayout) files() []batchFile { return append(append([]batchFile{}, l.train...), l.test...) }

// load reads both sets from dir: the binary version, or the Python version
// where only that lies there.
func (l cifarLayout) load(ctx context.Context, dir string) (train, test *Dataset, err error) {
	if folder := l.python.locate(dir); folder != "" && !l.there(dir) {
		return l.python.load(ctx, l, folder)
	}
	dir = l.locate(dir)
	for _, f := range l.files() {
		if err := l.checkFile(dir, f); err != nil {
			return nil, nil, err
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	train, test = l.read(ctx, dir, l.train, &g), l.read(ctx, dir, l.test, &g)
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// locate returns the folder that holds the batch files: l.folder in dir, or
// dir itself where the first batch file lies there and l.folder is not complete.
func (l cifarLayout) locate(dir string) string {
	folder := filepath.Join(dir, l.folder)
	if _, err := os.Stat(filepath.Join(dir, l.train[0].name)); err == nil && !l.whole(folder) {
		return dir
	}
	return folder
}

// there reports whether dir holds the binary version, or part of it.
func (l cifarLayout) there(dir string) bool {
	_, err := os.Stat(filepath.Join(l.locate(dir), l.train[0].name))
	return err == nil
}

// whole reports whether every file lies in a folder with its right size.
func (l cifarLayout) whole(folder string) bool {
	for _, f := range l.files() {
		if l.checkFile(folder, f) != nil {
			return false
		}
	}
	return true
}

// checkFile checks that a batch file is there and has its size, before memory
// is set aside for it.
func (l cifarLayout) checkFile(dir string, f batchFile) error {
	path := filepath.Join(dir, f.name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("data: %s: %s: wanted a file of %d bytes, found none; %s", l.name, path, l.fileSize(f), l.advice(dir))
	case err != nil:
		return fmt.Errorf("data: %s: %w", l.name, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("data: %s: %s: wanted a regular file, found %s", l.name, path, info.Mode().Type())
	case info.Size() != l.fileSize(f):
		return fmt.Errorf("data: %s: %s: wanted %d bytes (%d records of %d), found %d",
			l.name, path, l.fileSize(f), f.records, l.recordSize(), info.Size())
	}
	return nil
}

// advice says how to come by the files that are not in the folder.
func (l cifarLayout) advice(folder string) string {
	prefix, _, _ := strings.Cut(l.folder, "-b") // cifar-10 or cifar-100
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if packed, _ := filepath.Glob(filepath.Join(dir, prefix+"-*.tar.gz")); len(packed) > 0 {
			return fmt.Sprintf("unpack the archive %s (tar xzf)", packed[0])
		}
	}
	return fmt.Sprintf("fetch them with \"otfusion data fetch %s\", or give --data-dir (or OTFUSION_DATA) a folder that holds %s (from %s) or %s",
		l.name, l.folder, l.archive.url, l.python.folder)
}

// read returns a dataset that g's goroutines fill, one a file.
func (l cifarLayout) read(ctx context.Context, dir string, files []batchFile, g *errgroup.Group) *Dataset {
	total := 0
	for _, f := range files {
		total += f.records
	}
	d := l.dataset(total)
	first := 0
	for _, f := range files {
		path, lo, hi := filepath.Join(dir, f.name), first, first+f.records
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("data: %s: %w", l.name, err)
			}
			if err := l.parse(content, d.Images[lo*l.pixels():hi*l.pixels()], d.Labels[lo:hi]); err != nil {
				return fmt.Errorf("data: %s: %s: %w", l.name, path, err)
			}
			return nil
		})
		first = hi
	}
	return d
}

// dataset returns a dataset of n blank images.
func (l cifarLayout) dataset(n int) *Dataset {
	return &Dataset{
		Name: l.name, Channels: 3, Height: l.side, Width: l.side,
		Classes: len(l.classNames), ClassNames: l.classNames,
		Images: make([]uint8, n*l.pixels()),
		Labels: make([]uint8, n),
		Mean:   l.mean, Std: l.std,
	}
}

// parse splits len(labels) records into pixels and classes.
func (l cifarLayout) parse(content, images, labels []uint8) error {
	size := l.recordSize()
	if len(content) != len(labels)*size {
		return fmt.Errorf("wanted %d bytes (%d records of %d), found %d", len(labels)*size, len(labels), size, len(content))
	}
	for i := range labels {
		record := content[i*size : (i+1)*size]
		for k, values := range l.labels {
			if int(record[k]) >= values {
				return fmt.Errorf("record %d: wanted a label of 0 to %d, found %d", i, values-1, record[k])
			}
		}
		labels[i] = record[len(l.labels)-1]
		copy(images[i*l.pixels():(i+1)*l.pixels()], record[len(l.labels):])
	}
	return nil
}

func cifar10Names() []string {
	return strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")
}

func cifar100Names() []string {
	return strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
		butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
		dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
		lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
		pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
		shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
		television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`)
}
