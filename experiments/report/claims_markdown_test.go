package report

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Claims that wait for their runs stand in the table while they are few.
func TestManyOpenClaimsAreFolded(t *testing.T) {
	claims := []Claim{{Source: "Table 1", Text: "A beats B."}}
	claims[0] = claims[0].Judge(Measured("A", 2).Above(Measured("B", 1)))
	for i := range manyOpen + 1 {
		if text := claimsMarkdown(claims); strings.Contains(text, "<details>") {
			t.Errorf("%d open claims are folded", i)
		}
		open := Claim{Source: "Table 2", Text: fmt.Sprintf("Number %d <waits>.", i)}
		claims = append(claims, open.Judge(Measured("x", math.NaN()).Above(Constant(1))))
	}
	text := claimsMarkdown(claims)
	table, folded, found := strings.Cut(text, "<details><summary>6 claims open")
	if !found || !strings.Contains(table, "A beats B.") || strings.Contains(table, "waits") {
		t.Fatalf("found\n%s", text)
	}
	for i := range manyOpen + 1 {
		if want := fmt.Sprintf("- Number %d &lt;waits&gt;. (Table 2; x &gt; 1)\n", i); !strings.Contains(folded, want) {
			t.Errorf("found\n%s\nwanted a line %q", folded, want)
		}
	}
}
