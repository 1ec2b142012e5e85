// Package data holds the datasets: MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100
// by name, folders of pictures and MNIST's relatives by path, their
// normalisation and augmentation, batches in a reproducible order, samples for
// alignment, and the parts of a training set among parents.
//
//	train, test, err := data.Load("mnist", "")
//	train, validation, err := data.Split(train, data.DefaultHeldOut, seed)
//	batches, err := data.NewBatches(train, data.Options{BatchSize: 64, Shuffle: true, Seed: seed})
//	for epoch := range 10 {
//		for b := range batches.Epoch(ctx, epoch, 0) {
//			… b.X (64×1×28×28, normalised), b.Y, b.N …
//		}
//	}
//
// Pixels stay uint8 until a batch is filled. Every random choice is a function
// of an explicit seed and of what it is for (the epoch, the sample), never of
// what was drawn before or of the number of goroutines: a run resumes at any
// (epoch, step) with the very batches it would have seen.
package data
