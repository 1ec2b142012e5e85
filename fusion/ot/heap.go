package ot

// minHeap is a binary heap of (key, id) pairs, least key first. Stale pairs
// are left in it and skipped by the reader.
type minHeap []heapItem

type heapItem struct {
	key float64
	id  int32
}

func (h *minHeap) push(key float64, id int32) {
	*h = append(*h, heapItem{})
	a := *h
	i := len(a) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if a[parent].key <= key {
			break
		}
		a[i] = a[parent]
		i = parent
	}
	a[i] = heapItem{key, id}
}

func (h *minHeap) pop() heapItem {
	a := *h
	top, last := a[0], a[len(a)-1]
	a = a[:len(a)-1]
	*h = a
	i := 0
	for {
		child := 2*i + 1
		if child >= len(a) {
			break
		}
		if child+1 < len(a) && a[child+1].key < a[child].key {
			child++
		}
		if a[child].key >= last.key {
			break
		}
		a[i] = a[child]
		i = child
	}
	if len(a) > 0 {
		a[i] = last
	}
	return top
}
