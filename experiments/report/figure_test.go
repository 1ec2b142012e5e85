package report

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

func TestFigureLeavesOutWhatIsNotFinished(t *testing.T) {
	f := Figure{Curves: []Curve{
		{Name: "half", X: []float64{1, 2}, Y: []Stat{{Mean: 3, N: 1}, Summarize()}},
		{Name: "none", X: []float64{1, 2}, Y: []Stat{Summarize(), Summarize()}},
	}}
	svg, err := f.render("svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(svg, []byte(">half<")) || bytes.Contains(svg, []byte(">none<")) || bytes.Contains(svg, []byte(">unknown<")) {
		t.Errorf("the legend has not exactly the curve with points:\n%s", svg)
	}
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
		t.Error("the drawing has points that are no numbers")
	}
}

func TestFigureDrawsHardRanges(t *testing.T) {
	one := []Stat{{Mean: 5, N: 1}}
	for name, f := range map[string]Figure{
		"one point":        {Curves: []Curve{{X: []float64{2}, Y: one}}},
		"one point, log":   {LogX: true, Curves: []Curve{{X: []float64{2}, Y: one}}},
		"zero, log":        {LogX: true, Curves: []Curve{{X: []float64{0, .001}, Y: append(one, one...)}}},
		"infinite loss":    {Curves: []Curve{{X: []float64{1, 2}, Y: append(one, Summarize(math.Inf(1)))}}},
		"nothing":          {Curves: []Curve{{X: []float64{2}, Y: []Stat{Summarize()}}}},
		"nothing, log":     {LogX: true},
		"small rates, log": {LogX: true, Curves: []Curve{{X: []float64{.0005, .01}, Y: append(one, one...)}}},
	} {
		content, err := f.render("png")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := png.Decode(bytes.NewReader(content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInlineFigureFollowsTheTheme(t *testing.T) {
	f := rich().Sections[1].Figures[0]
	svg, err := f.inline()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(svg), "#") {
		t.Error("the drawing has colours of its own")
	}
	for _, want := range []string{"var(--hue-1)", "stroke-dasharray", "weights &lt; rows", `aria-label="Accuracy over`} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
}

func TestDashedCurveLooksLikeItsCounterpart(t *testing.T) {
	l := styles([]Curve{{}, {Dashed: true}, {}, {Dashed: true}})
	if l[0].color != l[1].color || l[2].color != l[3].color || l[0].color == l[2].color {
		t.Error("a dashed curve has not the colour of the curve before it")
	}
	if l[1].line().Dashes == nil || l[0].line().Dashes != nil || !l[1].mark.hollow || l[0].mark.corners == l[2].mark.corners {
		t.Error("dashes and marks do not tell the curves apart")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		log       bool
		want      string
	}{
		{0, 1, false, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{17.2, 96.8, false, "20 40 60 80"},
		{96.1, 98.3, false, "96.5 97.0 97.5 98.0"},
		{-.1, .1, false, "-0.10 -0.05 0.00 0.05 0.10"},
		{2, 200, true, "2 5 10 20 50 100 200"},
		{.0005, .01, true, "0.0005 0.001 0.002 0.005 0.01"},
		{1, 1e6, true, "1 10 100 1e+03 1e+04 1e+05 1e+06"},
		{3, 4, true, "3.0 3.2 3.4 3.6 3.8 4.0"},
	} {
		ticks := roundTicks{}.Ticks(c.low, c.high)
		if c.log {
			ticks = logTicks{}.Ticks(c.low, c.high)
		}
		var labels []string
		for _, tick := range ticks {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%g to %g: got %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestAxisEndsAtTicks(t *testing.T) {
	for _, c := range [][4]float64{{.75, 96, 0, 100}, {96.1, 98.3, 96, 98.5}, {-.12, 1.9, -.5, 2}, {20, 100, 20, 100}, {1, 118.5, 0, 120}} {
		a := plot.Axis{Min: c[0], Max: c[1]}
		roundOut(&a)
		if math.Abs(a.Min-c[2]) > 1e-9 || math.Abs(a.Max-c[3]) > 1e-9 {
			t.Errorf("%g to %g: got %g to %g, want %g to %g", c[0], c[1], a.Min, a.Max, c[2], c[3])
		}
	}
}

func TestLegendStaysInTheWidth(t *testing.T) {
	p := Figure{}.axes()
	var entries []entry
	for range 9 {
		entries = append(entries, entry{name: "OT, activations"})
	}
	check := func(style text.Style, width vg.Length) {
		l := newLegend(entries, style, width)
		for i, at := range l.places {
			if right := at.X + sampleWidth + style.Width(entries[i].name); right > width {
				t.Errorf("entry %d ends at %g of %g", i, right, width)
			}
		}
		if want := math.Ceil(9 / math.Floor(float64(width)/115)); float64(l.lines) > want+1 {
			t.Errorf("%d lines for nine entries", l.lines)
		}
	}
	check(p.Legend.TextStyle, figureWidth)
}
