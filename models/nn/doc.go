// Package nn compiles an architecture to a Gorgonia graph and runs it: a
// [Trainer] computes losses and gradients, a [Predictor] logits and recorded
// activations.
//
// Gorgonia holds the graph, and our operations differentiate it by SymDiff. A
// Gorgonia VM of our own runs it, forward and backward. The numbers are computed
// by a [kernel.Engine]: oneDNN where the build has it (tag onednn with cgo),
// portable Go elsewhere.
//
// How a graph is laid out:
//   - A ReLU is computed by the layer before it where nothing else reads the
//     value between them. Its gradient is applied by the operation that computes
//     the gradient of its output where that has one reader, see [op.unmask].
//   - Activations are plain (N, C, H, W) at the network's input and as vectors,
//     and packed, the engine's own layout, elsewhere. Packed nodes are
//     one-dimensional to Gorgonia.
//   - Gradients that nobody uses have no operation.
//   - Operations run in the order of their creation. All memory is planned on
//     that order once.
package nn
