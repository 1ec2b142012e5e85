package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// style tells one curve from the others by colour and by shape.
type style struct {
	color  color.Color
	mark   mark
	dashed bool
}

// styles are those of a figure's curves: a dashed one has the colour of the
// solid one before it, whose counterpart it is.
func styles(curves []Curve) []style {
	var list []style
	solid := -1
	for _, c := range curves {
		if !c.Dashed {
			solid++
		}
		i := max(solid, 0)
		shapes := marks()
		m := shapes[i%len(shapes)]
		m.hollow = c.Dashed
		list = append(list, style{hues()[i%len(hues())], m, c.Dashed})
	}
	return list
}

func (s style) line() draw.LineStyle {
	l := draw.LineStyle{Color: s.color, Width: vg.Points(1.8)}
	if s.dashed {
		l.Width, l.Dashes = vg.Points(1.2), []vg.Length{4, 3}
	}
	return l
}

func (s style) glyph() draw.GlyphStyle {
	g := draw.GlyphStyle{Color: s.color, Radius: vg.Points(3), Shape: s.mark}
	if s.dashed {
		g.Radius = vg.Points(2.2)
	}
	return g
}

// hues are Okabe and Ito's, told apart with any kind of colour vision.
func hues() []color.RGBA {
	return []color.RGBA{
		{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255},
	}
}

func axisColor() color.Color { return color.Gray{110} }
func gridColor() color.Color { return color.Gray{221} }

// mark is the shape of a curve's points: a regular polygon, or a circle.
type mark struct {
	corners int     // 0: a circle
	turn    float64 // of the first corner, from the right, in radians
	hollow  bool
}

func marks() []mark {
	return []mark{{}, {corners: 4, turn: math.Pi / 4}, {corners: 3, turn: math.Pi / 2}, {corners: 4}, {corners: 3, turn: -math.Pi / 2}}
}

// DrawGlyph makes a mark a shape of gonum's.
func (m mark) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	outline := m.outline(at, style.Radius)
	if !m.hollow {
		c.Fill(outline)
		return
	}
	c.SetLineStyle(draw.LineStyle{Color: style.Color, Width: vg.Points(1)})
	c.Stroke(outline)
}

func (m mark) outline(at vg.Point, radius vg.Length) vg.Path {
	var p vg.Path
	if m.corners == 0 {
		p.Move(vg.Point{X: at.X + radius, Y: at.Y})
		p.Arc(at, radius, 0, 2*math.Pi)
	}
	for i := range m.corners {
		angle := m.turn + 2*math.Pi*float64(i)/float64(m.corners)
		reach := 1.25 * float64(radius) // a polygon in a circle looks smaller than it
		corner := vg.Point{X: at.X + vg.Length(reach*math.Cos(angle)), Y: at.Y + vg.Length(reach*math.Sin(angle))}
		if i == 0 {
			p.Move(corner)
		} else {
			p.Line(corner)
		}
	}
	p.Close()
	return p
}
