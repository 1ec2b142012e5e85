package fusion

import "fmt"

// BestSamples is how many samples the preset best was chosen with.
const BestSamples = 10_000

// bestAlignSamples is how many of them channels are compared on: more bring
// nothing. Two VGG11 of half the width, of 63.9 and 64.8 % after 5 epochs, fuse to
// 63.49 % of CIFAR-10's test images so, to 63.29 compared on all 10,000.
const bestAlignSamples = 2000

// Preset returns a named choice of options, aligning to the last parent:
//
//   - paper-wts: alignment by weights as the paper's tables have it, exact
//     transport of Euclidean distances between rows of unit length, the output
//     layer transported too;
//   - paper-acts: the same by activations, not normalised, with the paper's
//     treatment of residual blocks;
//   - best: alignment by the cosine of activations, of more than two parents to
//     one another, then regression (see [Options].Repair), on [BestSamples];
//   - zip: for parents that know different things, [Zip], then regression, on
//     [BestSamples].
//
// best was chosen on 5,000 validation images of CIFAR-10, by briefly trained
// pairs of narrow networks; accuracy in percent, 1,000 samples for acts. The
// number of samples was chosen by the experiment methods on full networks:
// two VGG11 of 86.2 and 87.2 % fuse to 82.5 with 1,000, to 84.7 with 10,000. On
// full networks wts with descent and regress is not told apart from it (ahead by
// 0.12, 0.12 and 0.24 points for VGG11, ResNet18 without and with batch norm).
//
//	                                vgg11 ½    resnet18 ¼   resnet18_bn ¼
//	parents                      68.3, 69.3    50.6, 54.6      76.9, 76.9
//	vanilla average                    10.5          23.1            10.0
//	wts, one sweep                     27.4          40.4            10.3
//	wts, descent on both sides         21.6          42.0            10.3
//	acts                               45.0          40.8            19.1
//	acts, cosine                       47.1          39.3            17.6
//	acts, cosine, reset batch norm        –             –            64.9
//	acts, cosine, rescale              54.5          47.3            66.9
//	acts, cosine, regress              66.4          51.9            74.9
//
// Consensus was chosen on five sets of four MLPNets and 5,000 validation images
// of MNIST: 98.16 % in the mean against 98.13, cross-entropy 0.0639 against
// 0.0662, lower in each set; without regression 96.50 % against 96.07.
//
// Samples and a Recorder are for the caller to add where activations are used.
func Preset(name string) (Options, error) {
	switch name {
	case "paper-wts":
		return Options{Preset: name, Reference: Last, NormalizeRows: true, TransportOutput: true}, nil
	case "paper-acts":
		return Options{Preset: name, Reference: Last, Align: Activations, Residual: PaperAverage, TransportOutput: true}, nil
	case "best":
		return Options{Preset: name, Reference: Last, Align: Activations, Cost: Cosine, Consensus: true, Repair: Regress, AlignSamples: bestAlignSamples}, nil
	case "zip":
		return Options{Preset: name, Reference: Last, Align: Zip, Repair: Regress, AlignSamples: bestAlignSamples}, nil
	}
	return Options{}, fmt.Errorf("fusion: preset: wanted paper-wts, paper-acts, best or zip, found %q", name)
}
