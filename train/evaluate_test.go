package train

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/models"
)

// PyTorch 1.13: cross_entropy([[1, 2, 0.5], [0, -1, 3]], [1, 0]) is 1.76512635.
func TestScore(t *testing.T) {
	d := &data.Dataset{Name: "two", Classes: 3, Labels: []uint8{1, 0}}
	got, err := score([]float32{1, 2, 0.5, 0, -1, 3}, d)
	if err != nil || got.Accuracy != 50 || math.Abs(got.Loss-1.765126347541809) > 1e-7 {
		t.Errorf("score %+v, %v", got, err)
	}
	huge, err := score([]float32{1e30, 0, 0, -1e30, 1e30, 1e30}, d)
	if err != nil || huge.Loss < 1e29 {
		t.Errorf("score of huge logits %+v, %v", huge, err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := score([]float32{1, float32(bad), 0.5, 0, -1, 3}, d); err == nil {
			t.Errorf("a logit of %v was accepted", bad)
		}
	}
}

func tinyModel(t *testing.T, seed uint64) *models.Model {
	t.Helper()
	m, err := tinyRecipe().initialise(tinyArch(t), seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Logits do not depend on how images are cut into batches.
func TestLogitsAndBatches(t *testing.T) {
	m, d := tinyModel(t, 1), tinyData(50, 4)
	want, err := Logits(context.Background(), m, d, Options{Batch: 50})
	if err != nil || len(want) != 150 {
		t.Fatalf("%d logits, %v", len(want), err)
	}
	for _, batch := range []int{1, 7, 49, 1000} {
		got, err := Logits(context.Background(), m, d, Options{Batch: batch})
		if err != nil || len(got) != 150 {
			t.Fatalf("%d logits, %v", len(got), err)
		}
		for i := range want {
			if !(math.Abs(float64(got[i]-want[i])) <= 1e-5) {
				t.Fatalf("batches of %d: logit %d is %g, was %g", batch, i, got[i], want[i])
			}
		}
	}
}

// An ensemble's logits are the weighted mean of its members', whatever their
// architectures.
func TestEnsemble(t *testing.T) {
	ctx, d, o := context.Background(), tinyData(80, 4), Options{}
	wide, err := models.Build("mlpnet", models.Options{Input: models.Shape{C: 1, H: 4, W: 4}, Classes: 3, Hidden: []int{30}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := tinyRecipe().initialise(wide, 5)
	if err != nil {
		t.Fatal(err)
	}
	ms := []*models.Model{tinyModel(t, 1), other}
	for _, weights := range [][]float64{nil, {3, 1}, {0, 2}} {
		share := []float64{0.5, 0.5}
		if weights != nil {
			sum := weights[0] + weights[1]
			share = []float64{weights[0] / sum, weights[1] / sum}
		}
		mean := make([]float32, d.Len()*3)
		for k, m := range ms {
			z, err := Logits(ctx, m, d, o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range mean {
				mean[i] += float32(share[k]) * z[i]
			}
		}
		want, err := score(mean, d)
		if err != nil {
			t.Fatal(err)
		}
		got, members, err := Ensemble{Members: ms, Weights: weights}.Evaluate(ctx, d, o)
		if err != nil || got.Accuracy != want.Accuracy || math.Abs(got.Loss-want.Loss) > 1e-6 {
			t.Errorf("weights %v: ensemble %+v (%v), want %+v", weights, got, err, want)
		}
		for k, m := range ms {
			if alone, err := Evaluate(ctx, m, d, o); err != nil || alone != members[k] {
				t.Errorf("member %d: %+v, alone %+v (%v)", k, members[k], alone, err)
			}
		}
	}
	for _, bad := range [][]float64{{1}, {1, 2, 3}, {0, 0}, {-1, 2}, {math.NaN(), 1}, {math.Inf(1), 1}} {
		if _, _, err := (Ensemble{Members: ms, Weights: bad}).Evaluate(ctx, d, o); err == nil {
			t.Errorf("weights %v were accepted", bad)
		}
	}
	if _, _, err := (Ensemble{}).Evaluate(ctx, d, o); err == nil {
		t.Error("an empty ensemble was accepted")
	}
}

func TestEvaluateErrors(t *testing.T) {
	m, d := tinyModel(t, 1), tinyData(20, 4)
	d.Classes = 4
	if _, err := Evaluate(context.Background(), m, d, Options{}); err == nil || !strings.Contains(err.Error(), "3 classes") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Evaluate(ctx, m, tinyData(20, 4), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
