package experiments

func table1() Experiment {
	return Experiment{Name: "table1", Title: "Pairs of VGG11 and ResNet18 on CIFAR-10", Source: "Table 1",
		Present: func(b *Book) Report {
			for seed := range uint64(2) {
				b.Result(Train{Arch: "vgg11", Dataset: "cifar10", Recipe: recipe(pick(b.Scale, "smoke", "laptop", "paper"), "train", "vgg11", "cifar10"), Seed: seed})
			}
			return Report{}
		}}
}
