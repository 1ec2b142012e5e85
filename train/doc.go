// Package train trains networks: recipes, stochastic gradient descent and its
// schedules, the loop over epochs, selection on a validation set, evaluation
// of models and ensembles, distillation.
//
//	recipe, err := train.LoadRecipe("laptop", train.FromScratch, arch.Name, "cifar10")
//	splits, err := recipe.Splits("cifar10", dir)
//	result, err := train.Run(ctx, train.Config{Dir: "runs/a", Arch: arch, Data: splits, Recipe: recipe, Seed: 1})
//
// A run lives in a folder of three files: model.safetensors is the selected
// network with everything that made it in its metadata, log.jsonl has one line
// an epoch, and state.safetensors is where an interrupted run
// resumes. A run that was killed and resumed ends with the bits of
// one that was not, given the same number of threads on the same machine.
package train
