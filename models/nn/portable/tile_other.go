//go:build !amd64 || purego

package portable

// machineTile is empty: no assembly for this machine.
func machineTile() tile[float32] { return tile[float32]{} }
