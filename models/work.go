package models

// MultiplyAdds is how many multiplications with an addition the Linear and
// Conv2D layers do for one sample, the usual measure of a network's cost; those
// with padding's zeros count. It is 0 for an Arch that is not valid.
func (a *Arch) MultiplyAdds() int {
	shapes, err := a.Shapes()
	if err != nil {
		return 0
	}
	total := 0
	for _, l := range a.Layers {
		switch l.Op {
		case Linear:
			total += l.Out * shapes[l.Inputs[0]].C
		case Conv2D:
			total += shapes[l.Name].Len() * shapes[l.Inputs[0]].C / max(l.Groups, 1) * l.Kernel * l.Kernel
		}
	}
	return total
}
