package fusion

import (
	"context"
	"testing"

	"otfusion/models"
)

// Fusion by weights tells how far it is, from none of the work to all of it,
// whichever is aligned first.
func TestProgressByWeights(t *testing.T) {
	for name, network := range networks() {
		parents := []*models.Model{network(t, 1), network(t, 2), network(t, 3)}
		last, all := 0, 0
		o := Options{Progress: func(stage string, done, total int) {
			if stage != "alignment" || done < last || done > total || total == 0 {
				t.Errorf("%s: %s: %d of %d after %d", name, stage, done, total, last)
			}
			last, all = done, total
		}}
		if _, _, err := Fuse(context.Background(), parents, o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if last != all {
			t.Errorf("%s: ended with %d of %d", name, last, all)
		}
	}
}
