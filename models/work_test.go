package models

import "testing"

// VGG11 on 32×32: each convolution counted by hand,
// Σ out·in·9·side² over 3-64@32, 64-128@16, 128-256@8, 256-256@8, 256-512@4,
// 512-512@4, 512-512@2 twice, and 512·10.
func TestMultiplyAddsAreCountedByLayer(t *testing.T) {
	for family, want := range map[string]int{
		"vgg11":  9*(3*64*1024+64*128*256+128*256*64+256*256*64+256*512*16+512*512*16+2*512*512*4) + 5120,
		"mlpnet": 784*400 + 400*200 + 200*100 + 100*10,
	} {
		a, err := Build(family, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.MultiplyAdds(); got != want {
			t.Errorf("%s: %d, want %d", family, got, want)
		}
	}
	grouped := &Arch{Name: "grouped", Input: Shape{C: 4, H: 6, W: 6}, Layers: []Layer{
		{Name: "pairs", Op: Conv2D, Inputs: []string{InputName}, Out: 8, Kernel: 3, Stride: 1, Padding: 1, Groups: 2},
		{Name: "depthwise", Op: Conv2D, Inputs: []string{"pairs"}, Out: 8, Kernel: 3, Stride: 1, Padding: 1, Groups: 8},
		{Name: "flat", Op: Flatten, Inputs: []string{"depthwise"}},
		{Name: "linear", Op: Linear, Inputs: []string{"flat"}, Out: 10},
	}}
	if got, want := grouped.MultiplyAdds(), 36*(8*2+8)*9+8*36*10; got != want {
		t.Errorf("groups: %d, want %d", got, want)
	}
	if n := (&Arch{}).MultiplyAdds(); n != 0 {
		t.Errorf("no layers: %d, want 0", n)
	}
}
