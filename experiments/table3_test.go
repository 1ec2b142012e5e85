package experiments

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// writeCIFAR100 makes a dataset in the format of CIFAR-100 and returns its
// folder. The classes are four patterns of 96 bytes, with noise.
func writeCIFAR100(t *testing.T) string {
	t.Helper()
	const classes, pixels = 4, 3 * 32 * 32
	dir := t.TempDir()
	folder := filepath.Join(dir, "cifar-100-binary")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 0))
	var patterns [classes][96]byte
	for c := range patterns {
		for i := range patterns[c] {
			patterns[c][i] = byte(r.UintN(192))
		}
	}
	for name, images := range map[string]int{"train.bin": 50000, "test.bin": 10000} {
		var file bytes.Buffer
		for i := range images {
			c := i % classes
			file.Write([]byte{byte(c / 2), byte(c)}) // coarse and fine label
			shift := byte(r.UintN(64))
			for p := range pixels {
				file.WriteByte(patterns[c][p%96] + shift)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name), file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Table 3 runs on images of CIFAR-100's format, as the real ones cannot be here.
func TestTable3Smoke(t *testing.T) {
	if testing.Short() {
		t.Skip("trains networks")
	}
	s := runSmoke(t, "table3", writeCIFAR100(t))
	rows := map[string]float64{}
	for _, r := range s.Tables[0].Rows {
		rows[r.Label] = r.Values[0].Ours.Mean
	}
	if parents := rows["parents, mean"]; parents < 50 {
		t.Errorf("the parents have %.2f %% of four classes, wanted 50 or more", parents)
	}
	if rows[ourBest] <= rows[vanillaAverage] {
		t.Errorf("best has %.2f %%, the vanilla average %.2f %%", rows[ourBest], rows[vanillaAverage])
	}
}
