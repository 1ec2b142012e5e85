package experiments

// Finding says whether a claim of the paper holds in our runs.
type Finding struct {
	Claim    string  `json:"claim"`    // what the paper says
	Verdict  Verdict `json:"verdict"`  //
	Evidence string  `json:"evidence"` // our numbers, and the reason where it does not hold
}

// Verdict is the outcome for a claim.
type Verdict string

// The verdicts. Open is a claim whose runs are not finished.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not reproduced"
	Open          Verdict = "open"
)
