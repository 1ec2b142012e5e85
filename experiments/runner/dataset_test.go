package runner

import (
	"strings"
	"testing"
)

func TestAStoreKeepsToItsImages(t *testing.T) {
	s := Store{Root: t.TempDir()}
	for range 2 {
		if err := s.CheckDataset("mnist", "0123456789abcdef"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CheckDataset("cifar10", "fedcba9876543210"); err != nil {
		t.Errorf("another dataset: %v", err)
	}
	err := s.CheckDataset("mnist", "fedcba9876543210")
	if err == nil || !strings.Contains(err.Error(), "fingerprint 0123456789ab, found fedcba987654") {
		t.Errorf("other images: %v", err)
	}
}
