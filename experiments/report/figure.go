package report

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is one plot of a report.
type Figure struct {
	Title  string  `json:"title"`
	Note   string  `json:"note,omitempty"`
	XLabel string  `json:"x_label"`
	YLabel string  `json:"y_label"`
	LogX   bool    `json:"log_x,omitempty"` // points at x ≤ 0 are left out
	Curves []Curve `json:"curves"`
}

// The size of a figure's axes and labels, in points: on a phone a point becomes
// about a pixel, so that the text stays legible. The legend adds to the height,
// the margin to both.
const (
	figureWidth  = 340
	figureHeight = 220
	figureMargin = 6
)

// drawable reports whether there is a point to draw.
func (f Figure) drawable() bool {
	for _, c := range f.Curves {
		if len(c.points(f.LogX).XYs) > 0 {
			return true
		}
	}
	return false
}

// render draws the figure as "svg" or "png", without its title, which the
// report sets as text.
func (f Figure) render(format string) ([]byte, error) {
	p, entries, err := f.plot()
	if err != nil {
		return nil, fmt.Errorf("report: figure %s: %w", f.Title, err)
	}
	key := newLegend(entries, p.Legend.TextStyle, figureWidth)
	c := canvas(format, figureWidth+2*figureMargin, figureHeight+key.height()+2*figureMargin)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	inner := draw.Crop(all, figureMargin, -figureMargin, figureMargin, -figureMargin)
	p.Draw(draw.Crop(inner, 0, 0, key.height(), 0))
	key.draw(inner)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("report: figure %s: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

func canvas(format string, width, height vg.Length) vg.CanvasWriterTo {
	if format == "svg" {
		return vgsvg.New(width, height)
	}
	return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(216))}
}

// plot lays out the axes and what is drawn on them, with the legend's entries.
func (f Figure) plot() (*plot.Plot, []entry, error) {
	p := f.axes()
	var entries []entry
	for i, s := range styles(f.Curves) {
		e, err := f.Curves[i].add(p, s, f.LogX)
		if err != nil {
			return nil, nil, fmt.Errorf("curve %s: %w", f.Curves[i].Name, err)
		}
		entries = append(entries, e...)
	}
	widen(&p.X, f.LogX)
	widen(&p.Y, false)
	roundOut(&p.Y)
	return p, entries, nil
}

func (f Figure) axes() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Label.Text, p.Y.Label.Text = f.XLabel, f.YLabel
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, roundTicks{}
	if f.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color = axisColor(), axisColor()
		a.Label.Padding, a.Padding = vg.Points(3), vg.Points(4)
		a.Tick.Length = vg.Points(4)
	}
	sizes := map[*text.Style]vg.Length{&p.X.Label.TextStyle: 11, &p.Y.Label.TextStyle: 11, &p.X.Tick.Label: 10, &p.Y.Tick.Label: 10, &p.Legend.TextStyle: 10.5}
	for style, size := range sizes {
		style.Font.Variant, style.Font.Size = "Sans", size // the report's fonts have its metrics
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color, grid.Horizontal.Width = nil, gridColor(), vg.Points(.6)
	p.Add(grid)
	return p
}

// Curve is one line of a Figure; points that are not finished are left out.
type Curve struct {
	Name   string    `json:"name"`
	X      []float64 `json:"x"`
	Y      []Stat    `json:"y"`
	Dashed bool      `json:"dashed,omitempty"` // the paper's own, in the colour of the curve before it
}

// points are the curve's finished values with their standard deviations.
type points struct {
	plotter.XYs
	plotter.YErrors
}

func (c Curve) points(positive bool) points {
	var p points
	for i, y := range c.Y {
		if y.finite() && (c.X[i] > 0 || !positive) {
			p.XYs = append(p.XYs, plotter.XY{X: c.X[i], Y: y.Mean})
			p.YErrors = append(p.YErrors, struct{ Low, High float64 }{y.SD, y.SD})
		}
	}
	return p
}

// add draws the curve, if any of it is there, and returns its legend.
func (c Curve) add(p *plot.Plot, s style, positive bool) ([]entry, error) {
	data := c.points(positive)
	if len(data.XYs) == 0 {
		return nil, nil
	}
	line, marks, err := plotter.NewLinePoints(data.XYs)
	if err != nil {
		return nil, err
	}
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return nil, err
	}
	line.LineStyle, marks.GlyphStyle = s.line(), s.glyph()
	bars.Color, bars.Width, bars.CapWidth = s.color, vg.Points(1), vg.Points(5)
	p.Add(bars, line, marks)
	return []entry{{c.Name, []plot.Thumbnailer{line, marks}}}, nil
}
