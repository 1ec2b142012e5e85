package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names lists the datasets that [Load] knows.
func Names() []string { return []string{"mnist", "cifar10", "cifar100"} }

// Load returns the training and test set of the named dataset. MNIST is inside
// the binary and ignores dir; CIFAR is read from its folder
// (cifar-10-batches-bin or cifar-100-binary) in dir, or from dir itself. An
// empty dir means [DefaultDir]. An unknown name, or a file that is missing or
// not what it should be, is an error that says what was wanted and found.
func Load(name, dir string) (train, test *Dataset, err error) {
	if name == "mnist" {
		return loadMNIST()
	}
	layout, err := layoutOf(name)
	if err != nil {
		return nil, nil, err
	}
	if dir, err = orDefault(dir); err != nil {
		return nil, nil, err
	}
	return layout.load(dir)
}

// DefaultDir returns where datasets lie: $OTFUSION_DATA if set, else otfusion
// in the user's cache folder ($XDG_CACHE_HOME on Linux).
func DefaultDir() (string, error) {
	if dir := os.Getenv("OTFUSION_DATA"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("data: no default data folder, set OTFUSION_DATA: %w", err)
	}
	return filepath.Join(cache, "otfusion"), nil
}

func orDefault(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return DefaultDir()
}

func unknownName(name string) error {
	return fmt.Errorf("data: dataset: wanted one of %s, found %q", strings.Join(Names(), ", "), name)
}
