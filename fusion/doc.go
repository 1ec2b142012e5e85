// Package fusion merges trained networks into one of the same architecture by
// optimal transport (Singh & Jaggi, Model Fusion via Optimal Transport,
// NeurIPS 2020), without training.
//
// Hidden channels of a network have no order: permuting them, with the
// parameters before and after, changes nothing. Two trained networks therefore
// have to be aligned before their weights are averaged:
//
//	fused, report, err := fusion.Fuse(ctx, []*models.Model{a, b}, fusion.Options{Reference: fusion.Last})
//
// Which channels must move together follows from the architecture alone, as
// alignment groups ([Groups]). For each group, the channels of a parent and of
// the reference become points, whose coordinates are their weights or their
// activations on samples; the optimal plan T between the two clouds, its
// columns divided by their sums β, is the map that is applied to every
// parameter axis of the group. Fused parameters are the weighted average of
// the aligned parents'.
//
// Notation: a parent has n channels in a group, the reference m. T is n×m.
// Ŵ is a parent's weight with its inputs aligned, W̃ with its outputs aligned too.
package fusion
