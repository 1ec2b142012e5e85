package fusion

import (
	"fmt"
	"math"
	"slices"
)

// clusters merges channels until n clusters are left: again and again the two
// that are most alike. How alike two clusters are is Ward's measure (1963) on
// channels of unit variance, by how much the squared distances from the
// clusters' means grow,
//
//	d(S, T) = |S|·|T|/(|S|+|T|) · ‖mean S − mean T‖²,
//
// which is 1 − correlation for two single channels. Ties go to the lower
// numbers. Clusters are in the order of their first channels.
func (c *correlation) clusters(n int) ([][]int, error) {
	if n < 1 || n > c.size() {
		return nil, fmt.Errorf("wanted 1 to %d clusters of as many channels, found %d", c.size(), n)
	}
	t := newWard(c)
	for left := c.size(); left > n; left-- {
		t.join(t.closest())
	}
	var all [][]int
	for _, cluster := range t.members {
		if cluster != nil {
			slices.Sort(cluster)
			all = append(all, cluster)
		}
	}
	return all, nil
}

// ward holds the clusters while they are merged. A cluster is numbered as its
// first channel.
type ward struct {
	distance [][]float64
	members  [][]int
	nearest  []int // to each cluster, of those with higher numbers; -1 for none
}

func newWard(c *correlation) *ward {
	n := c.size()
	t := &ward{distance: make([][]float64, n), members: make([][]int, n), nearest: make([]int, n)}
	for i := range n {
		t.members[i] = []int{i}
		t.distance[i] = make([]float64, n)
		for j := range n {
			t.distance[i][j] = 1 - c.at(i, j)
		}
	}
	for i := range n {
		t.findNearest(i)
	}
	return t
}

// findNearest finds the nearest cluster to one.
func (t *ward) findNearest(i int) {
	t.nearest[i] = -1
	least := math.Inf(1)
	for j := i + 1; j < len(t.members); j++ {
		if t.members[j] != nil && t.distance[i][j] < least {
			least, t.nearest[i] = t.distance[i][j], j
		}
	}
}

// closest is the pair of clusters that are most alike.
func (t *ward) closest() (int, int) {
	best := -1
	for i, j := range t.nearest {
		if t.members[i] != nil && j >= 0 && (best < 0 || t.distance[i][j] < t.distance[best][t.nearest[best]]) {
			best = i
		}
	}
	return best, t.nearest[best]
}

// join merges cluster j into cluster i and renews the distances (Lance and
// Williams 1967).
func (t *ward) join(i, j int) {
	a, b, between := float64(len(t.members[i])), float64(len(t.members[j])), t.distance[i][j]
	t.members[i] = append(t.members[i], t.members[j]...)
	t.members[j] = nil
	for k, cluster := range t.members {
		if cluster == nil || k == i {
			continue
		}
		n := float64(len(cluster))
		d := ((a+n)*t.distance[i][k] + (b+n)*t.distance[j][k] - n*between) / (a + b + n)
		t.distance[i][k], t.distance[k][i] = d, d
	}
	for k, cluster := range t.members {
		if cluster == nil {
			continue
		}
		switch near := t.nearest[k]; {
		case k == i || near == i || near == j:
			t.findNearest(k)
		case k < i && t.distance[k][i] < t.distance[k][near]:
			t.nearest[k] = i
		}
	}
}
