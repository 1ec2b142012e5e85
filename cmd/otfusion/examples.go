package main

import "strings"

// examples is how help shows command lines.
func examples(lines ...string) string {
	return "Examples:\n  otfusion " + strings.Join(lines, "\n  otfusion ")
}

// firstSteps are the examples of the program itself.
func firstSteps() string {
	return examples(
		"train --dataset mnist --recipe paper --seed 0 --out runs/a",
		"train --dataset mnist --recipe paper --seed 1 --out runs/b",
		"fuse runs/a/model.safetensors runs/b/model.safetensors --out fused.safetensors",
		"eval runs/*/model.safetensors fused.safetensors --dataset mnist --ensemble",
		"experiment run mnist-pair --scale reduced")
}

// Help implements kong.HelpProvider, as for all commands below.
func (trainCmd) Help() string {
	return examples(
		"train --dataset mnist --recipe paper --seed 0 --out runs/a",
		"train --arch mlpnet --hidden 800,400,200 --seeds 1,2 --out runs/wide",
		"train --arch lenet --dataset pictures --size 32 --recipe own.yaml --out runs/own",
		"train --dataset mnist --part classes:0-4 --out runs/small-digits",
		"train --dataset mnist --part dirichlet:0.5,1/2 --out runs/first",
		"train --arch vgg11 --dataset cifar10 --recipe laptop --data-dir data --out runs/vgg")
}

func (finetuneCmd) Help() string {
	return examples(
		"finetune fused.safetensors --dataset mnist --recipe laptop --out runs/tuned")
}

func (distillCmd) Help() string {
	return examples(
		"distill fused.safetensors --teachers a.safetensors,b.safetensors --dataset mnist --out runs/taught",
		"distill fused.safetensors --teachers a.safetensors,b.safetensors --labels 0.3 --out runs/taught",
		"distill small.safetensors --teachers large.safetensors --temperature 8 --per-class --labels 0.3 --out runs/paper")
}

func (mergeCmd) Help() string {
	return examples(
		"merge a.safetensors b.safetensors --dataset mnist --out runs/one",
		"merge a.pt b.pt --dataset photos --size 32 --mean 0 --std 1 --epochs 30 --out runs/one",
		"merge small-digits.safetensors large-digits.safetensors --dataset mnist --out runs/all-digits",
		"merge a.onnx b.onnx c.onnx --dataset cifar10 --labels 0.3 --out runs/one")
}

func (fuseCmd) Help() string {
	return examples(
		"fuse a.safetensors b.safetensors --out fused.safetensors",
		"fuse a.onnx b.onnx --out fused.onnx",
		"fuse a.pt b.pt c.pt --reference iterate --proportions 1,1,2 --out fused.pt",
		"fuse a.safetensors b.safetensors --preset best --dataset mnist --out fused.safetensors",
		"fuse a.pt b.pt --preset best --samples-from photos --size 32 --mean 0 --std 1 --out fused.pt",
		"fuse cats.pt dogs.pt --preset zip --classes a:siamese+persian,b:beagle+poodle --samples-from photos --out pets.pt",
		"fuse a.safetensors b.safetensors --preset zip --up-to layer3.1.relu2 --dataset cifar10 --out branched.safetensors",
		"fuse wide.safetensors narrow.safetensors --align acts --dataset mnist --samples 400 --out fused.safetensors")
}

func (averageCmd) Help() string {
	return examples("average a.safetensors b.safetensors --proportions 0.75,0.25 --out average.safetensors")
}

func (evalCmd) Help() string {
	return examples(
		"eval fused.safetensors --dataset mnist",
		"eval a.pt --dataset pictures --size 32 --mean 0.5 --std 0.5",
		"eval a.safetensors b.safetensors --dataset mnist --ensemble --json")
}

func (checkCmd) Help() string {
	return examples("check a.safetensors b.safetensors")
}

func (pruneCmd) Help() string {
	return examples(
		"prune a.safetensors --fraction 0.5 --out pruned.safetensors",
		"prune vgg.safetensors --layers features.16,features.18 --criterion l2 --out pruned.safetensors")
}

func (foldCmd) Help() string {
	return examples("fold-bn resnet18_bn.safetensors --out folded.safetensors")
}

func (convertCmd) Help() string {
	return examples(
		"convert model.checkpoint model.safetensors",
		"convert model.safetensors model.pt",
		"convert exported.onnx model.pt",
		"convert fused.safetensors fused.onnx",
		"convert totensor.pt model.safetensors --mean 0 --std 1",
		"convert weights.pt model.safetensors --arch arch.json")
}

func (infoCmd) Help() string {
	return examples("info", "info model.safetensors --json")
}

func (fetchCmd) Help() string {
	return examples("data fetch cifar10 --data-dir data", "data fetch fashion-mnist")
}

func (dataInfoCmd) Help() string {
	return examples("data info mnist", "data info cifar10 --data-dir data --json", "data info pictures --size 32")
}

func (listCmd) Help() string {
	return examples("experiment list")
}

func (runCmd) Help() string {
	return examples(
		"experiment run mnist-pair --scale smoke --dry-run",
		"experiment run mnist-pair --scale reduced",
		"experiment run all --results /shared/results --shard 0/4")
}

func (manifestCmd) Help() string {
	return examples(
		"experiment manifest table1 --scheduler slurm --shards 4 --out table1.sh",
		"experiment manifest all --scheduler kubernetes --image registry.example/otfusion:1 --out job.yaml")
}

func (reportCmd) Help() string {
	return examples("experiment report mnist-pair --scale reduced")
}

func (migrateCmd) Help() string {
	return examples("experiment migrate --results results")
}

func (benchTrainCmd) Help() string {
	return examples("bench train --arch vgg11 --batch 128 --steps 10")
}

func (benchLayersCmd) Help() string {
	return examples("bench layers --arch resnet18 --precision bf16")
}
