# Makes the table of scripts/sidebyside.sh from lines "NETWORK.WHAT SECONDS" and
# holds it to the goals; with amx above 0 to those of a machine with AMX.

{ seconds[$1, ++count[$1]] = $2 }

function median(key,    i, j, s, n) {
	n = count[key]
	for (i = 1; i <= n; i++) sorted[i] = seconds[key, i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && sorted[j] < sorted[j - 1]; j--) { s = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = s }
	return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
}

function row(label, arch,    ours, theirs, half) {
	ours = median(arch ".f32"); theirs = median(arch ".torch"); half = median(arch ".bf16")
	printf "| %s | %.3f s | %.3f s | %.1f× | %.3f s | %.3f s | %.1f× |\n", label, ours, theirs, theirs / ours, half, median(arch ".torch_bf16"), theirs / half
}

# goal judges a ratio that should be at least wanted.
function goal(label, ratio, wanted) {
	if (ratio >= wanted) return
	printf "below its goal: %s: %.2f, wanted %.2f\n", label, ratio, wanted > "/dev/stderr"
	missed = 1
}

function f32(arch) { return median(arch ".torch") / median(arch ".f32") }

function bf16(arch, label) {
	goal(label ", bf16 : PyTorch, f32", median(arch ".torch") / median(arch ".bf16"), 4)
	goal(label ", f32 : bf16", median(arch ".f32") / median(arch ".bf16"), 1 / 0.6)
}

END {
	print "| | ours, f32 | PyTorch, f32 | | ours, bf16 | PyTorch, bf16 | ours, bf16 : PyTorch, f32 |"
	print "| --- | ---:| ---:| ---:| ---:| ---:| ---:|"
	row("VGG11, batch 128", "vgg11")
	row("ResNet18, batch 128", "resnet18")
	ours = median("mlpnet.f32"); all = median("mlpnet.torch"); one = median("mlpnet.torch_1")
	printf "| MLPNet, batch 64 | %.2f ms | %.2f ms | %.1f× | | | |\n", 1000 * ours, 1000 * all, all / ours
	printf "| MLPNet, batch 64, PyTorch on 1 thread | %.2f ms | %.2f ms | %.1f× | | | |\n", 1000 * ours, 1000 * one, one / ours
	goal("VGG11, f32", f32("vgg11"), 2.2)
	goal("ResNet18, f32", f32("resnet18"), amx ? 3 : 2.1)
	goal("MLPNet, PyTorch's better thread count", (all < one ? all : one) / ours, 2.3)
	if (amx) { bf16("vgg11", "VGG11"); bf16("resnet18", "ResNet18") }
	exit missed
}
