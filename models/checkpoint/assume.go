package checkpoint

import (
	"fmt"
	"strconv"
	"strings"

	"otfusion/models"
)

// Assumptions are what parameters cannot show of an architecture that is
// inferred, where they are known. The zero value assumes what is usual.
type Assumptions struct {
	Activation  models.Op    // between the layers; ReLU if empty
	Input       models.Shape // of one sample
	StemPool    string       // of residual networks: "yes" or "no" to max pooling of 3×3, stride 2, after the first convolution
	ZeroPadding string       // of shortcuts without parameters: channels of zeros on both "sides" or at the "end"
	NormEpsilon float64      // of batch norms; PyTorch's 1e-5 if 0
}

// normEpsilon is that of every batch norm of an architecture.
const normEpsilon = 1e-5

// ParseAssumptions reads key=value pairs: activation=Tanh, input=3x64x64,
// stem-pool=yes, zero-padding=end, norm-epsilon=1e-3.
func ParseAssumptions(pairs []string) (Assumptions, error) {
	var a Assumptions
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		ok := value != ""
		switch key {
		case "activation":
			a.Activation = models.Op(value)
		case "input":
			_, err := fmt.Sscanf(strings.ReplaceAll(value, "×", "x"), "%dx%dx%d", &a.Input.C, &a.Input.H, &a.Input.W)
			ok = err == nil && a.Input.C > 0 && a.Input.H > 0 && a.Input.W > 0
		case "stem-pool":
			a.StemPool = value
			ok = value == "yes" || value == "no"
		case "zero-padding":
			a.ZeroPadding = value
			ok = value == "sides" || value == "end"
		case "norm-epsilon":
			var err error
			a.NormEpsilon, err = strconv.ParseFloat(value, 64)
			ok = err == nil && a.NormEpsilon > 0 && a.NormEpsilon <= 1
		default:
			ok = false
		}
		if !ok {
			return a, fmt.Errorf("checkpoint: assumption %q, wanted activation=OPERATION, input=CxHxW, stem-pool=yes|no, zero-padding=sides|end or norm-epsilon=NUMBER up to 1", pair)
		}
	}
	return a, nil
}
