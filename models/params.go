package models

import "fmt"

// Role says what a parameter does in its layer.
type Role string

// The roles, which are also the last part of a parameter's name.
const (
	Weight      Role = "weight"       // of Linear, Conv2D and BatchNorm (γ)
	Bias        Role = "bias"         // of Linear, Conv2D and BatchNorm (β)
	RunningMean Role = "running_mean" // of BatchNorm: a statistic, not trained
	RunningVar  Role = "running_var"  // of BatchNorm: a statistic, not trained
)

// Trained reports whether a parameter of that role follows a gradient.
func (r Role) Trained() bool { return r == Weight || r == Bias }

// ParamSpec describes one parameter of an Arch.
type ParamSpec struct {
	Name  string // PyTorch's, such as "layer1.0.conv1.weight"
	Layer string // the layer it belongs to
	Op    Op     // that layer's operation
	Role  Role
	Shape []int // PyTorch's: (out, in), (out, in/groups, kh, kw) or (channels)
}

// Len is the number of values.
func (p ParamSpec) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// plausible tells a size that a parameter can have from one that overflows.
func (p ParamSpec) plausible() bool {
	n := 1.0
	for _, d := range p.Shape {
		n *= float64(d)
	}
	return n >= 1 && n < maxLen
}

// FanIn is the number of inputs that one output sums over.
func (p ParamSpec) FanIn() int { return p.Len() / p.Shape[0] }

// Params lists the parameters in the order of the layers, weight before bias.
func (a *Arch) Params() ([]ParamSpec, error) {
	shapes, err := a.Shapes()
	if err != nil {
		return nil, err
	}
	var specs []ParamSpec
	for _, l := range a.Layers {
		own := l.params(shapes[l.Inputs[0]])
		for _, p := range own {
			if !p.plausible() {
				return nil, fmt.Errorf("models: layer %s: a parameter cannot have shape %v", l.Name, p.Shape)
			}
		}
		specs = append(specs, own...)
	}
	return specs, nil
}

// params lists the layer's own parameters, given the shape of its input.
func (l Layer) params(in Shape) []ParamSpec {
	spec := func(r Role, shape ...int) ParamSpec {
		return ParamSpec{Name: l.Name + "." + string(r), Layer: l.Name, Op: l.Op, Role: r, Shape: shape}
	}
	var specs []ParamSpec
	switch l.Op {
	case Linear:
		specs = append(specs, spec(Weight, l.Out, in.C))
	case Conv2D:
		specs = append(specs, spec(Weight, l.Out, in.C/max(l.Groups, 1), l.Kernel, l.Kernel))
	case BatchNorm:
		if l.NoAffine {
			return []ParamSpec{spec(RunningMean, in.C), spec(RunningVar, in.C)}
		}
		return []ParamSpec{spec(Weight, in.C), spec(Bias, in.C), spec(RunningMean, in.C), spec(RunningVar, in.C)}
	}
	if l.Bias && len(specs) > 0 {
		specs = append(specs, spec(Bias, l.Out))
	}
	return specs
}

// Count is the number of trained parameters.
func (a *Arch) Count() int {
	specs, err := a.Params()
	if err != nil {
		return 0
	}
	n := 0
	for _, p := range specs {
		if p.Role.Trained() {
			n += p.Len()
		}
	}
	return n
}
