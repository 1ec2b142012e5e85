package experiments

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure is one line plot of a report.
type Figure struct {
	Title  string  `json:"title"`
	Note   string  `json:"note,omitempty"`
	XLabel string  `json:"x_label"`
	YLabel string  `json:"y_label"`
	LogX   bool    `json:"log_x,omitempty"`
	Curves []Curve `json:"curves"`
	Lines  []Line  `json:"lines,omitempty"`
}

// Curve is one line of a Figure; points that are not finished are left out.
type Curve struct {
	Name   string    `json:"name"`
	X      []float64 `json:"x"`
	Y      []Stat    `json:"y"`
	Dashed bool      `json:"dashed,omitempty"` // the paper's own
}

// Line is a horizontal reference, such as the ensemble's accuracy.
type Line struct {
	Name string `json:"name"`
	Y    Stat   `json:"y"`
}

// palette is Okabe and Ito's, told apart with any kind of colour vision.
func palette(i int) color.Color {
	colors := []color.RGBA{
		{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
		{230, 159, 0, 255}, {86, 180, 233, 255}, {110, 110, 110, 255},
	}
	return colors[i%len(colors)]
}

// points are the curve's finished values with their standard deviations.
type points struct {
	plotter.XYs
	plotter.YErrors
}

func (c Curve) points() points {
	var p points
	for i, y := range c.Y {
		if !math.IsNaN(y.Mean) {
			p.XYs = append(p.XYs, plotter.XY{X: c.X[i], Y: y.Mean})
			p.YErrors = append(p.YErrors, struct{ Low, High float64 }{y.SD, y.SD})
		}
	}
	return p
}

// draw adds the curve to a plot in the i-th colour and shape.
func (c Curve) draw(p *plot.Plot, i int) error {
	data := c.points()
	if len(data.XYs) == 0 {
		return nil
	}
	line, marks, err := plotter.NewLinePoints(data.XYs)
	if err != nil {
		return fmt.Errorf("experiments: curve %s: %w", c.Name, err)
	}
	line.Color, line.Width = palette(i), vg.Points(1.6)
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}}
	marks.Color, marks.Radius, marks.Shape = palette(i), vg.Points(2.6), shapes[i%len(shapes)]
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return fmt.Errorf("experiments: curve %s: %w", c.Name, err)
	}
	bars.Color, bars.CapWidth = palette(i), vg.Points(4)
	p.Add(bars, line, marks)
	p.Legend.Add(c.Name, line, marks)
	return nil
}

// plot draws the figure without its title, which the report sets as text.
func (f Figure) plot() (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = f.XLabel, f.YLabel
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(4), vg.Points(4)
	p.BackgroundColor = color.Transparent
	for _, style := range []*text.Style{&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans" // the report's fonts have its metrics
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{200}, color.Gray{200}
	p.Add(grid)
	p.Legend.Padding, p.Legend.ThumbnailWidth = vg.Points(2), vg.Points(24)
	for i, c := range f.Curves {
		if err := c.draw(p, i); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// render draws the figure as "svg" or "png".
func (f Figure) render(format string) ([]byte, error) {
	p, err := f.plot()
	if err != nil {
		return nil, err
	}
	writer, err := p.WriterTo(6.4*vg.Inch, 4*vg.Inch, format)
	if err != nil {
		return nil, fmt.Errorf("experiments: figure %s: %w", f.Title, err)
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("experiments: figure %s: %w", f.Title, err)
	}
	return b.Bytes(), nil
}
