package portable

// columnSums is the sum of the rows of a matrix of len(to) columns: the gradient of a
// bias. One task sums some columns, in row order.
func (e *core[T]) columnSums(to, from []T) {
	e.tasks.to, e.tasks.from = to, from
	e.run(ceilDiv(len(to), columnsPerTask), e.tasks.columnSpan)
}

// columnsPerTask columns of float32 are one cache line.
const columnsPerTask = 16

func columnSum[T float](to, from []T, task int) {
	var sums [columnsPerTask]float64
	i := task * columnsPerTask
	n := min(columnsPerTask, len(to)-i)
	for ; i < len(from); i += len(to) {
		for j, v := range from[i : i+n] {
			sums[j] += float64(v)
		}
	}
	for j := range n {
		to[task*columnsPerTask+j] = T(sums[j])
	}
}
