package checkpoint

import (
	"otfusion/models"
)

// operators are those of ONNX that can be read.
func operators() map[string]operator {
	return map[string]operator{
		"Conv": conv, "Gemm": gemm, "MatMul": matMul, "BatchNormalization": batchNorm,
		"Add": add, "Sum": add, "Concat": concat, "Dropout": dropout,
		"MaxPool": maxPool, "AveragePool": averagePool, "GlobalAveragePool": globalAveragePool, "ReduceMean": reduceMean, "Pad": pad,
		"Relu": elementwise(models.Layer{Op: models.ReLU}), "Tanh": elementwise(models.Layer{Op: models.Tanh}),
		"LeakyRelu": sloped(models.LeakyReLU, 0.01), "Elu": sloped(models.ELU, 1), "Clip": clip, "Gelu": gelu,
		"Sigmoid": sigmoidOf, "Erf": erfOf, "Mul": mul, "Div": div, "Softmax": softmax, "LogSoftmax": softmax,
		"Flatten": flatten, "Reshape": reshape, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
		"Identity": same, "Cast": cast, "Constant": constantOf, "Transpose": transpose,
		"Shape": shape, "Gather": gatherSizes, "Slice": sliceSizes, "ConstantOfShape": constantOfShape,
	}
}
