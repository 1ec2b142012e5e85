package ot

// roundMarginals changes T, in place, to one with exactly the marginals a and
// b: rows, then columns, that carry too much are scaled down, and what is then
// missing is added as a product of the two deficits (Altschuler et al. 2017,
// algorithm 2).
func roundMarginals(t Matrix, a, b []float64) {
	scaleDown(t, a, b)
	missingA, missingB := deficits(t, a, b)
	total := sum(missingA)
	if total <= 0 {
		return
	}
	for i, d := range missingA {
		row := t.Row(i)
		for j, e := range missingB {
			row[j] += d * e / total
		}
	}
}

func scaleDown(t Matrix, a, b []float64) {
	columns := make([]float64, t.Cols)
	for i := range t.Rows {
		row := t.Row(i)
		factor := 1.0
		if r := sum(row); r > a[i] {
			factor = a[i] / r
		}
		for j := range row {
			row[j] *= factor
			columns[j] += row[j]
		}
	}
	for j, c := range columns {
		columns[j] = 1
		if c > b[j] {
			columns[j] = b[j] / c
		}
	}
	for k := range t.Data {
		t.Data[k] *= columns[k%t.Cols]
	}
}

// deficits returns a - T·1 and b - Tᵀ·1, clamped at 0.
func deficits(t Matrix, a, b []float64) (rows, cols []float64) {
	rows, cols = make([]float64, t.Rows), make([]float64, t.Cols)
	copy(cols, b)
	for i := range rows {
		row := t.Row(i)
		rows[i] = max(a[i]-sum(row), 0)
		for j, v := range row {
			cols[j] -= v
		}
	}
	for j, v := range cols {
		cols[j] = max(v, 0)
	}
	return rows, cols
}
