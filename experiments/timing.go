package experiments

import (
	"fmt"

	"otfusion/experiments/report"
)

// timing measures fusion against the number of networks, their width and their
// depth (sections 4.1 and S1.4).
func timing() Experiment {
	return Experiment{Name: "timing", Title: "Time and memory of fusion", Source: "Sections 4.1, S1.4", Present: presentTiming}
}

func presentTiming(l *Loader) report.Content {
	table := timingTable(l)
	r := report.Content{Tables: []report.Table{table}}
	for _, f := range []report.Figure{byParents(l), byWidth(l), byDepth(l)} {
		f.YLabel, f.Note = "seconds", "Random networks, 200 random samples for activations, the fastest of three. Scale "+string(l.Scale)+"."
		r.Figures = append(r.Figures, f)
	}
	weights, activations := timed()[0], timed()[1]
	two, six := l.Metric(vggTiming(l.Scale, 2, weights), "fusion_seconds"), l.Metric(vggTiming(l.Scale, 6, activations), "fusion_seconds")
	r.Claims = l.claims(timingClaim(two, six))
	return r
}

func timingClaim(two, six float64) report.Claim {
	return report.Claim{Source: "Sections 4.1, S1.4", Text: "Two VGG11 fuse by weights in 2.5 s or less, six by activations in 15 s or less (the paper: on a V100)."}.Judge(
		report.Measured("seconds for two", two).AtMost(report.Constant(2.5)), report.Measured("seconds for six", six).AtMost(report.Constant(15)))
}

// vggTiming is the fusion of so many VGG11 by a method.
func vggTiming(s Scale, parents int, m method) Timing {
	return Timing{Arch: "vgg11", Width: pick(s, .25, 0, 0), Parents: parents, Alignment: m.alignment}
}

// timed are ways of fusing that are timed.
func timed() []method {
	return []method{
		{label: "weights", alignment: Alignment{Preset: "paper-wts"}},
		{label: "activations", alignment: byActivations(200, 0)},
	}
}

func timingTable(l *Loader) report.Table {
	t := report.Table{Title: "Fusion of random networks, without reading and writing files", Columns: []string{"seconds", "allocated, MB"},
		Note: fmt.Sprintf("Scale %s; the fastest of three; allocated counts all memory that the fusion asked for, freed or not. The paper's seconds are on one V100, with recording activations.", l.Scale)}
	for _, c := range []struct {
		label     string
		task      Timing
		wts, acts float64 // the paper's seconds
	}{
		{"2 MLPNet", Timing{Arch: "mlpnet", Parents: 2}, 0, 3},
		{"2 VGG11", Timing{Arch: "vgg11", Parents: 2}, 2.5, 5},
		{"6 VGG11", Timing{Arch: "vgg11", Parents: 6}, 0, 15},
		{"2 ResNet18", Timing{Arch: "resnet18", Parents: 2}, 0, 7},
	} {
		c.task.Width = pick(l.Scale, .25, 0, 0)
		for i, m := range timed() {
			c.task.Alignment = m.alignment
			t.Rows = append(t.Rows, report.Row{Label: c.label + ", " + m.label, Values: []report.Value{
				against(report.Summarize(l.Metric(c.task, "fusion_seconds")), []float64{c.wts, c.acts}[i]),
				report.Ours(report.Summarize(l.Metric(c.task, "allocated_mb"))),
			}})
		}
	}
	return t
}

// timingCurves measures the fusion over x.
func timingCurves(l *Loader, f report.Figure, x []float64, task func(x float64) Timing) report.Figure {
	for _, m := range timed() {
		c := report.Curve{Name: m.label, X: x}
		for _, v := range x {
			t := task(v)
			t.Alignment = m.alignment
			c.Y = append(c.Y, report.Summarize(l.Metric(t, "fusion_seconds")))
		}
		f.Curves = append(f.Curves, c)
	}
	return f
}

func byParents(l *Loader) report.Figure {
	f := report.Figure{Title: "Fusion of VGG11 over the number of networks.", XLabel: "networks"}
	return timingCurves(l, f, pick(l.Scale, []float64{2}, []float64{2, 4, 6}, []float64{2, 3, 4, 6, 8}), func(k float64) Timing {
		return Timing{Arch: "vgg11", Width: pick(l.Scale, .25, 0, 0), Parents: int(k)}
	})
}

func byWidth(l *Loader) report.Figure {
	f := report.Figure{Title: "Fusion of two VGG11 over their width.", XLabel: "width multiplier"}
	return timingCurves(l, f, pick(l.Scale, []float64{.25}, []float64{.25, .5, 1}, []float64{.25, .5, 1, 2}), func(w float64) Timing {
		return Timing{Arch: "vgg11", Width: w, Parents: 2}
	})
}

func byDepth(l *Loader) report.Figure {
	f := report.Figure{Title: "Fusion of two networks of linear layers of width 400 over their depth.", XLabel: "hidden layers"}
	return timingCurves(l, f, []float64{1, 2, 4, 8, 16}, func(d float64) Timing {
		t := Timing{Arch: "mlpnet", Parents: 2}
		for range int(d) {
			t.Hidden = append(t.Hidden, 400)
		}
		return t
	})
}
