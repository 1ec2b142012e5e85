package gemm

// multiplyGo is multiply in portable Go.
func (t *tile) multiplyGo(k int, a, b []float64) {
	*t = tile{}
	for range k {
		x, y := (*[tileRows]float64)(a), (*[tileCols]float64)(b)
		for i, v := range x {
			row := (*[tileCols]float64)(t[i*tileCols:])
			for j, w := range y {
				row[j] += v * w
			}
		}
		a, b = a[tileRows:], b[tileCols:]
	}
}

// multiplyEach sets a stack of tiles one by one, from as many panels of a.
func (t *stack) multiplyEach(k int, a, b []float64) {
	for i := range t {
		t[i].multiply(k, a[i*tileRows*depth:], b)
	}
}
