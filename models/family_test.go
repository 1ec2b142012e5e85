package models

import (
	"slices"
	"testing"
)

// The counts are those of appendix S1.1 of the paper and of its code's models.
func TestParameterCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want int
	}{
		{"mlpnet", Options{}, 414_600},
		{"mlpnet", Options{Hidden: []int{200, 100, 50}}, 182_300},
		{"mlpnet", Options{Hidden: []int{40, 20, 10}}, 32_460},
		{"mlpnet", Options{Bias: true}, 414_600 + 400 + 200 + 100 + 10},
		{"vgg11", Options{}, 9_222_848},
		{"vgg11", Options{Classes: 100}, 9_222_848 + 46_080},
		{"vgg11_half", Options{}, 2_919_104},
		{"vgg11_doub", Options{}, 32_004_800},
		{"vgg11_quad", Options{}, 118_266_560},
		{"vgg11_bn", Options{}, 9_222_848 + 2*2752},
		{"resnet18", Options{}, 11_164_352},
		{"resnet18_bn", Options{}, 11_173_952},
	} {
		a, err := Build(c.name, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Count(); got != c.want {
			t.Errorf("%s %+v has %d parameters, want %d", c.name, c.opts, got, c.want)
		}
		if want := max(c.opts.Classes, 10); a.Classes() != want {
			t.Errorf("%s has %d classes, want %d", c.name, a.Classes(), want)
		}
	}
}

func TestBaseNames(t *testing.T) {
	for name, want := range map[string][]string{
		"vgg11_half_bn": {"vgg11_half_bn", "vgg11_bn", "vgg11_half", "vgg11"},
		"vgg11_half":    {"vgg11_half", "vgg11"},
		"resnet18_bn":   {"resnet18_bn", "resnet18"},
		"mlpnet":        {"mlpnet"},
	} {
		if got := BaseNames(name); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// Hidden widths of a network without such layers would be ignored.
func TestHiddenWidthsAreOfMLPNetAlone(t *testing.T) {
	for _, c := range []struct {
		name  string
		width float64
	}{{"lenet", 0}, {"vgg11_bn", 1}, {"mlpnet", 2}} {
		if _, err := Build(c.name, Options{Hidden: []int{5}, Width: c.width}); err == nil {
			t.Errorf("%s of width %g takes hidden widths", c.name, c.width)
		}
	}
}
