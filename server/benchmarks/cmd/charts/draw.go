package main

import (
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chart is the drawing of one benchmark.
type chart struct {
	name, title, across, up string
	of                      []string                // the lines to draw, in this order
	value                   func(s float64) float64 // converts seconds
	place                   func(n float64) string  // label of n on the horizontal axis
	logarithmic             bool
}

func microseconds(s float64) float64 { return s * 1e6 }
func perSecond(s float64) float64    { return 1 / s }

var charts = []chart{
	{"Operations", "Time of one purchase, by number of operations in the document", "operations", "µs in process", []string{"this", "echo-middleware"}, microseconds, short, false},
	{"Body", "Time of one purchase, by body size", "body size", "µs in process", []string{"this", "bare", "ogen", "echo-middleware"}, microseconds, size, true},
	{"Connections", "Purchases per second, by connections", "connections", "per second, over loopback", []string{"this-all", "bare"}, perSecond, short, false},
	{"Growth", "Time of the next purchase, by number of stored purchases", "stored purchases", "µs until durable", []string{"sqlite: next", "postgres: next"}, microseconds, short, false},
	{"Replicas", "Purchases per second, by replicas over one PostgreSQL", "replicas", "per second, over loopback", []string{"sandbox"}, perSecond, short, false},
}

// titles are the legend's names of lines.
var titles = map[string]string{
	"this": "this project", "this-all": "this project, all on", "bare": "bare echo",
	"sqlite: next": "SQLite", "postgres: next": "PostgreSQL", "sandbox": "sandbox",
}

// colours are distinguishable with any colour vision (Okabe and Ito), on light and dark backgrounds.
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff},
}

func (c chart) draw(found map[string]map[float64][]float64, path string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.across, c.up
	p.Title.Padding, p.X.Padding, p.Y.Padding = vg.Points(8), vg.Points(6), vg.Points(6)
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-4)
	p.Add(plotter.NewGrid())
	var places []float64
	highest := 0.0
	for i, of := range c.of {
		line, ok := found[of]
		if !ok {
			return fmt.Errorf("no figures of %q, only of %v", of, slices.Sorted(maps.Keys(found)))
		}
		across, seconds := points(line)
		places = across
		var xys plotter.XYs
		for j, n := range across {
			y := c.value(seconds[j])
			highest = max(highest, y)
			if c.logarithmic {
				y = math.Log10(y)
			}
			xys = append(xys, plotter.XY{X: position(n, across[len(across)-1]), Y: y})
		}
		drawn, dots, err := plotter.NewLinePoints(xys)
		if err != nil {
			return err
		}
		drawn.Color, drawn.Width = colours[i], vg.Points(1.75)
		dots.Color, dots.Radius, dots.Shape = colours[i], vg.Points(2.5), draw.CircleGlyph{}
		p.Add(drawn, dots)
		title := titles[of]
		if title == "" {
			title = of
		}
		p.Legend.Add(title, drawn, dots)
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks(places, c.place))
	p.X.Max += (p.X.Max - p.X.Min) / 20 // room for the last label, even in a wide font
	if c.logarithmic {
		p.Y.Tick.Marker = plot.ConstantTicks(powers(p.Y.Min, p.Y.Max))
	} else {
		p.Y.Min, p.Y.Max = 0, highest*1.35 // room for the legend
		p.Y.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
			list := plot.DefaultTicks{}.Ticks(low, high)
			for i := range list {
				if !list[i].IsMinor() {
					list[i].Label = short(list[i].Value)
				}
			}
			return list
		})
	}
	return p.Save(15*vg.Centimeter, 8*vg.Centimeter, path)
}

// position returns the place of n on a logarithmic axis.
func position(n, last float64) float64 {
	if last <= 10 {
		return n
	}
	return math.Log10(max(n, 1))
}

func ticks(places []float64, label func(float64) string) []plot.Tick {
	var list []plot.Tick
	for _, n := range places {
		list = append(list, plot.Tick{Value: position(n, places[len(places)-1]), Label: label(n)})
	}
	return list
}

// powers returns the powers of ten from low to high.
func powers(low, high float64) []plot.Tick {
	var list []plot.Tick
	for e := math.Floor(low); e <= math.Ceil(high); e++ {
		list = append(list, plot.Tick{Value: e, Label: short(math.Pow(10, e))})
	}
	return list
}

func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.3g M", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.3g k", n/1e3)
	}
	return fmt.Sprintf("%.4g", n)
}

// size formats a number of bytes.
func size(n float64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.3g MiB", n/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.3g KiB", n/(1<<10))
	}
	return fmt.Sprintf("%.0f B", n)
}
