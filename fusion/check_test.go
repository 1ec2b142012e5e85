package fusion

import (
	"context"
	"testing"

	"otfusion/models"
)

func TestCheckOfEveryFamily(t *testing.T) {
	for name, network := range networks() {
		c, err := Check(context.Background(), []*models.Model{network(t, 1), network(t, 2)}, newPlainNetwork)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range c.Parents {
			if !p.Sound() || p.Recovered != 1 {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if len(c.Parents) != 2 || len(c.Groups) < 3 {
			t.Errorf("%s: %d parents, %d groups", name, len(c.Parents), len(c.Groups))
		}
	}
}

// Two equal channels may come back exchanged: values stay, and so does the function.
func TestCheckAcceptsExchangeOfEqualChannels(t *testing.T) {
	m := build(t, "mlpnet", models.Options{Hidden: []int{6}}, 1)
	w := m.Params["fc1.weight"].Data
	copy(w[784:2*784], w[:784])
	c, err := Check(context.Background(), []*models.Model{m, m}, newPlainNetwork)
	if err != nil || !c.Parents[0].Sound() {
		t.Errorf("%+v, error %v", c, err)
	}
}

func TestCheckRefusesWhatCannotBeFused(t *testing.T) {
	if _, err := Check(context.Background(), []*models.Model{networks()["lenet"](t, 1), networks()["mlp"](t, 1)}, newPlainNetwork); err == nil {
		t.Error("no error")
	}
}
