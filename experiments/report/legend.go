package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend names what a figure shows, in lines of text below it, where it covers
// nothing.
type legend struct {
	style   text.Style
	entries []entry
	places  []vg.Point // of the entries: from the left, and down from the top
	lines   int
}

// entry is one name with its sample.
type entry struct {
	name    string
	samples []plot.Thumbnailer
}

const (
	sampleWidth = 24
	lineHeight  = 15
	entryGap    = 14
)

// newLegend flows entries into lines of a width.
func newLegend(entries []entry, style text.Style, width vg.Length) legend {
	l := legend{style: style, entries: entries}
	x := vg.Length(0)
	for _, e := range entries {
		needs := sampleWidth + 4 + style.Width(e.name)
		if l.lines == 0 || x+needs > width {
			x = 0
			l.lines++
		}
		l.places = append(l.places, vg.Point{X: x, Y: vg.Length(l.lines-1) * lineHeight})
		x += needs + entryGap
	}
	return l
}

// height is that of the lines and of the gap above them.
func (l legend) height() vg.Length { return vg.Length(l.lines)*lineHeight + entryGap/2 }

// draw puts the legend at the bottom of the canvas.
func (l legend) draw(c draw.Canvas) {
	for i, e := range l.entries {
		bottom := c.Min.Y + vg.Length(l.lines-1)*lineHeight - l.places[i].Y
		left := c.Min.X + l.places[i].X
		sample := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: left + sampleWidth, Y: bottom + lineHeight},
		}}
		for _, s := range e.samples {
			s.Thumbnail(&sample)
		}
		c.FillText(l.style, vg.Point{X: left + sampleWidth + 4, Y: bottom + lineHeight/2 - l.style.Font.Size*.35}, e.name)
	}
}
