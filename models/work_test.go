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
	if n := (&Arch{}).MultiplyAdds(); n != 0 {
		t.Errorf("no layers: %d, want 0", n)
	}
}
