package data

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
)

// A Summary describes a dataset to a reader.
type Summary struct {
	Name        string    `json:"name"`
	Images      int       `json:"images"`
	Shape       [3]int    `json:"shape"` // C, H, W
	ClassNames  []string  `json:"class_names"`
	Counts      []int     `json:"counts"`     // images per class
	PixelMean   []float64 `json:"pixel_mean"` // measured per channel, pixels scaled to [0, 1]
	PixelStd    []float64 `json:"pixel_std"`
	Mean        []float32 `json:"normalisation_mean"` // used to normalise
	Std         []float32 `json:"normalisation_std"`
	Fingerprint string    `json:"fingerprint"`
}

// Summarise counts and measures d.
func (d *Dataset) Summarise() Summary {
	s := Summary{
		Name: d.Name, Images: d.Len(), Shape: [3]int{d.Channels, d.Height, d.Width},
		ClassNames: d.ClassNames, Counts: d.Counts(),
		Mean: d.Mean, Std: d.Std, Fingerprint: d.Fingerprint(),
	}
	for c := range d.Channels {
		mean, std := moments(d.histogram(c))
		s.PixelMean = append(s.PixelMean, mean)
		s.PixelStd = append(s.PixelStd, std)
	}
	return s
}

// histogram counts the pixel values of channel c.
func (d *Dataset) histogram(c int) (counts [256]int) {
	area := d.Height * d.Width
	for i := range d.Len() {
		for _, p := range d.Image(i)[c*area : (c+1)*area] {
			counts[p]++
		}
	}
	return counts
}

// moments returns the mean and the standard deviation of pixel values scaled
// to [0, 1]; both are 0 where there are none.
func moments(counts [256]int) (mean, std float64) {
	var n, sum, squares float64
	for x, k := range counts {
		n += float64(k)
		sum += float64(k * x)
		squares += float64(k * x * x)
	}
	if n == 0 {
		return 0, 0
	}
	mean = sum / n
	return mean / 255, math.Sqrt(squares/n-mean*mean) / 255
}

// String returns the summary as a table of plain text.
func (s Summary) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d images of %d×%d×%d, %d classes\n", s.Name, s.Images, s.Shape[0], s.Shape[1], s.Shape[2], len(s.Counts))
	fmt.Fprintf(&text, "fingerprint %s\n\n", s.Fingerprint)
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "channel\tpixel mean\tpixel std\tnormalised by")
	for c := range s.PixelMean {
		fmt.Fprintf(w, "%d\t%.4f\t%.4f\t(x − %.4f) / %.4f\n", c, s.PixelMean[c], s.PixelStd[c], s.Mean[c], s.Std[c])
	}
	fmt.Fprintln(w, "\nclass\timages")
	for label, n := range s.Counts {
		fmt.Fprintf(w, "%s\t%d\n", s.className(label), n)
	}
	w.Flush()
	return text.String()
}

// className returns the name of a class, or its number where it has none.
func (s Summary) className(label int) string {
	if label < len(s.ClassNames) {
		return s.ClassNames[label]
	}
	return fmt.Sprint(label)
}
