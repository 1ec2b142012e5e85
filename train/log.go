package train

import (
	"cmp"
	"encoding/json"
	"io"
	"path/filepath"

	"otfusion/internal/atomicfile"
)

// Record is what one epoch came to, one line of log.jsonl. Validation, Agreement
// or Test is there if the epoch was evaluated on it.
type Record struct {
	Epoch           int     `json:"epoch"` // from 1
	LR              float64 `json:"lr"`    // of the epoch's last step
	TrainLoss       float64 `json:"train_loss"`
	TrainAccuracy   float64 `json:"train_accuracy"` // percent, of augmented images, while the parameters changed; without labels, agreement with the teachers
	Validation      *Score  `json:"validation,omitempty"`
	Agreement       *Score  `json:"agreement,omitempty"` // with the teachers' classes, on the validation images
	Test            *Score  `json:"test,omitempty"`
	Seconds         float64 `json:"seconds"` // of training, without evaluation
	ImagesPerSecond float64 `json:"images_per_second"`
}

// Judgement is the score that the epoch is selected by; nil without one.
func (r Record) Judgement() *Score {
	return cmp.Or(r.Test, r.Agreement, r.Validation)
}

const logFile = "log.jsonl"

// writeLog writes log.jsonl anew, which keeps it free of epochs that were
// computed twice.
func writeLog(dir string, records []Record) error {
	return atomicfile.Write(filepath.Join(dir, logFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, r := range records {
			if err := e.Encode(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// sums add up the steps of an epoch.
type sums struct {
	Loss    float64 `json:"loss"` // Σ over images
	Correct int     `json:"correct"`
	Images  int     `json:"images"`
	Seconds float64 `json:"seconds"`
}

func (s *sums) add(loss float64, correct, n int) {
	s.Loss += loss * float64(n)
	s.Correct += correct
	s.Images += n
}

// record turns the sums into the epoch's line.
func (s sums) record(epoch int, lr float64) Record {
	n, seconds := float64(s.Images), max(s.Seconds, 1e-9) // some clocks are coarse
	return Record{
		Epoch: epoch, LR: lr,
		TrainLoss: s.Loss / n, TrainAccuracy: 100 * float64(s.Correct) / n,
		Seconds: seconds, ImagesPerSecond: n / seconds,
	}
}
