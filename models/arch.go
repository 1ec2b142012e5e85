// Package models describes neural networks as data: an [Arch] is a graph of
// named layers, a [Model] is an Arch with its parameters.
//
// Everything that needs to know a network's structure reads its Arch: nn
// compiles it, checkpoint names the parameters of a file by it, fusion derives
// from it which channels have to be permuted together. No other package knows a
// family such as VGG11 by name, but checkpoint, which finds them in files that say
// none, and experiments.
package models

import (
	"fmt"
	"slices"
)

// Op is what a layer computes.
type Op string

// The operations of an Arch. Parameters carry PyTorch's names and layouts.
const (
	Linear        Op = "Linear"        // weight (out, in), bias (out)
	Conv2D        Op = "Conv2D"        // weight (out, in, kernel, kernel), bias (out)
	BatchNorm     Op = "BatchNorm"     // weight, bias, running_mean, running_var (channels)
	ReLU          Op = "ReLU"          // max(x, 0); the other elementwise operations are in activation.go
	MaxPool       Op = "MaxPool"       // kernel, stride, padding
	AvgPool       Op = "AvgPool"       // kernel, stride, padding; padded zeros count, as in PyTorch
	GlobalAvgPool Op = "GlobalAvgPool" // mean over height and width
	Add           Op = "Add"           // sum of two or more inputs of one shape
	Flatten       Op = "Flatten"       // (C, H, W) to C·H·W features, channel-major

	AdaptiveAvgPool Op = "AdaptiveAvgPool" // means of windows that cover the map, as many as height and width say
	Concat          Op = "Concat"          // channels of two or more inputs of one height and width, side by side
	Dropout         Op = "Dropout"         // in training, zeroes values with probability rate and divides the others by 1 − rate
)

// Operations lists what an Arch can be made of.
func Operations() []Op {
	return append([]Op{Linear, Conv2D, BatchNorm, MaxPool, AvgPool, GlobalAvgPool, AdaptiveAvgPool, Add, Concat, Flatten, Dropout},
		activations()...)
}

// InputName is the name under which layers refer to the network's input.
const InputName = "input"

// DefaultEps is the constant that BatchNorm adds to a variance, PyTorch's.
const DefaultEps = 1e-5

// Layer is one node of an Arch. How many channels enter is not stored: it
// follows from the layer's inputs.
type Layer struct {
	Name    string   `json:"name"`              // prefix of its parameters, such as "layer1.0.conv1"
	Op      Op       `json:"op"`                // what it computes
	Inputs  []string `json:"inputs"`            // names of earlier layers, or InputName
	Out     int      `json:"out,omitempty"`     // output channels of Linear and Conv2D
	Kernel  int      `json:"kernel,omitempty"`  // side of the square window of Conv2D and pools
	Stride  int      `json:"stride,omitempty"`  // of Conv2D and pools
	Padding int      `json:"padding,omitempty"` // of Conv2D and pools, zeros on every side
	Bias    bool     `json:"bias,omitempty"`    // Linear and Conv2D: has a bias

	Groups   int     `json:"groups,omitempty"`    // Conv2D: runs of channels that are convolved apart; 1 if zero
	NoAffine bool    `json:"no_affine,omitempty"` // BatchNorm: has no weight and bias
	Height   int     `json:"height,omitempty"`    // of AdaptiveAvgPool's output
	Width    int     `json:"width,omitempty"`     // of AdaptiveAvgPool's output
	Alpha    float64 `json:"alpha,omitempty"`     // of LeakyReLU and ELU; PyTorch's default if zero
	Rate     float64 `json:"rate,omitempty"`      // of Dropout
}

// Arch is an architecture: layers in topological order, the last one being the
// output (logits).
type Arch struct {
	Name   string  `json:"name"`  // for people, such as "vgg11"
	Input  Shape   `json:"input"` // of one sample
	Layers []Layer `json:"layers"`
}

// Layer returns the layer of that name.
func (a *Arch) Layer(name string) (Layer, bool) {
	i := slices.IndexFunc(a.Layers, func(l Layer) bool { return l.Name == name })
	if i < 0 {
		return Layer{}, false
	}
	return a.Layers[i], true
}

// ByName is the layers by their names, for lookups in a loop.
func (a *Arch) ByName() map[string]Layer {
	layers := make(map[string]Layer, len(a.Layers))
	for _, l := range a.Layers {
		layers[l.Name] = l
	}
	return layers
}

// Output is the name of the layer that holds the logits.
func (a *Arch) Output() string { return a.Layers[len(a.Layers)-1].Name }

// Classes is the number of logits.
func (a *Arch) Classes() int {
	shapes, err := a.Shapes()
	if err != nil {
		return 0
	}
	return shapes[a.Output()].Len()
}

// Validate reports the first thing that keeps the Arch from being a network.
func (a *Arch) Validate() error {
	_, err := a.Shapes()
	return err
}

// Equal reports whether two architectures have the same layers and input,
// whatever they are called.
func (a *Arch) Equal(b *Arch) bool {
	return a.Input == b.Input && slices.EqualFunc(a.Layers, b.Layers, equalLayer)
}

func equalLayer(l, m Layer) bool {
	inputs := slices.Equal(l.Inputs, m.Inputs)
	l, m = l.explicit(), m.explicit()
	l.Inputs, m.Inputs = nil, nil
	return inputs && fmt.Sprint(l) == fmt.Sprint(m)
}

// explicit is the layer with the values that zeros stand for.
func (l Layer) explicit() Layer {
	l.Alpha, l.Groups = l.Slope(), max(l.Groups, 1)
	return l
}

// Consumers lists, for each layer and the input, the layers that read it, in
// order.
func (a *Arch) Consumers() map[string][]string {
	readers := map[string][]string{}
	for _, l := range a.Layers {
		for _, in := range l.Inputs {
			readers[in] = append(readers[in], l.Name)
		}
	}
	return readers
}
