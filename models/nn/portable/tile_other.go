//go:build purego || !(amd64 || arm64)

package portable

// machineTiles are none: there is no assembly for this machine.
func machineTiles() []tile[float32] { return nil }
