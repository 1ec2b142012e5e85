package data_test

import (
	"fmt"

	"otfusion/data"
)

// MNIST is inside the program; samples of it are what fusion compares
// activations on.
func ExampleLoad() {
	train, test, err := data.Load("mnist", "")
	if err != nil {
		panic(err)
	}
	indices, err := data.Sample(train.Len(), 200, 1)
	if err != nil {
		panic(err)
	}
	samples, err := train.Samples(indices)
	if err != nil {
		panic(err)
	}
	fmt.Println(train.Len(), test.Len(), samples.Len(), samples.Size())
	// Output: 60000 10000 200 784
}
