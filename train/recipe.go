package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"otfusion/data"
	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// Recipe says how a network is trained, apart from its architecture, its data
// and the seed.
type Recipe struct {
	Epochs         int              `yaml:"epochs" json:"epochs"`
	Batch          int              `yaml:"batch" json:"batch"`
	Images         int              `yaml:"images" json:"images,omitempty"` // training images used, a stratified sample; 0: all
	Optimizer      Optimizer        `yaml:"optimizer" json:"optimizer"`
	Schedule       Schedule         `yaml:"schedule" json:"schedule"`
	LabelSmoothing float64          `yaml:"label_smoothing" json:"label_smoothing"` // ε: targets (1−ε)·onehot + ε/classes
	Clip           float64          `yaml:"clip" json:"clip"`                       // largest norm of the whole gradient; 0: any
	Average        float64          `yaml:"average" json:"average,omitempty"`       // β of a running average of the parameters, which is then what is scored and kept; 0: none
	Init           Init             `yaml:"init" json:"init"`
	Augment        bool             `yaml:"augment" json:"augment"` // pad 4, random crop, random flip
	Precision      kernel.Precision `yaml:"precision" json:"precision"`
	Validation     int              `yaml:"validation" json:"validation"` // images held out of the training set
	Select         Selection        `yaml:"select" json:"select"`
}

// Optimizer is SGD with momentum and weight decay, in PyTorch's order.
type Optimizer struct {
	LR          float64 `yaml:"lr" json:"lr"` // base learning rate, which the schedule multiplies
	Momentum    float64 `yaml:"momentum" json:"momentum"`
	WeightDecay float64 `yaml:"weight_decay" json:"weight_decay"`
}

// Init is how a network that is trained from scratch is initialised.
type Init string

// The initialisations.
const (
	InitPyTorch  Init = "pytorch"  // [models.Model.Initialize]
	InitReLU     Init = "relu"     // [models.Model.InitializeReLU]
	InitResidual Init = "residual" // [models.Model.InitializeResidual]
)

// Selection is which epoch's parameters a run keeps.
type Selection string

// The selections. SelectTest is what the paper did for VGG11 and ResNet18; its
// accuracies are optimistic.
const (
	SelectValidation Selection = "validation" // the best on the validation set
	SelectTest       Selection = "test"       // the best on the test set
	SelectLast       Selection = "last"       // the last epoch's
	SelectAgreement  Selection = "agreement"  // the one that gives most images of the validation set the class that the teachers give them
)

// A FieldError is a value that a recipe cannot have.
type FieldError struct {
	Field         string // as in the YAML file, such as "optimizer.lr"
	Wanted, Found string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: wanted %s, found %s", e.Field, e.Wanted, e.Found)
}

// withDefaults fills in what a recipe may leave out.
func (r Recipe) withDefaults() Recipe {
	if r.Schedule.Kind == "" {
		r.Schedule.Kind = Constant
	}
	if r.Init == "" {
		r.Init = InitPyTorch
	}
	if r.Precision == "" {
		r.Precision = kernel.F32
	}
	if r.Select == "" {
		r.Select = SelectValidation
	}
	return r
}

// maxBatch bounds the images of a step.
const maxBatch = 1 << 16

// Validate reports, as a [*FieldError], the first value that r cannot have.
func (r Recipe) Validate() error {
	fields := []error{
		atLeast("epochs", r.Epochs, 1),
		between("batch", r.Batch, 1, maxBatch),
		atLeast("images", r.Images, 0),
		within("optimizer.lr", r.Optimizer.LR, r.Optimizer.LR > 0, "a positive number"),
		within("optimizer.momentum", r.Optimizer.Momentum, r.Optimizer.Momentum >= 0 && r.Optimizer.Momentum < 1, "0 to under 1"),
		within("optimizer.weight_decay", r.Optimizer.WeightDecay, r.Optimizer.WeightDecay >= 0, "0 or more"),
		within("label_smoothing", r.LabelSmoothing, r.LabelSmoothing >= 0 && r.LabelSmoothing < 1, "0 to under 1"),
		within("clip", r.Clip, r.Clip >= 0, "0 (none) or more"),
		within("average", r.Average, r.Average >= 0 && r.Average < 1, "0 (none) to under 1"),
		oneOf("init", r.Init, InitPyTorch, InitReLU, InitResidual),
		oneOf("precision", r.Precision, kernel.F32, kernel.BF16),
		atLeast("validation", r.Validation, 0),
		oneOf("select", r.Select, SelectValidation, SelectTest, SelectLast, SelectAgreement),
		r.Schedule.validate(),
	}
	if (r.Select == SelectValidation || r.Select == SelectAgreement) && r.Validation == 0 {
		fields = append(fields, &FieldError{"validation", "images to select by (or select: last)", "0"})
	}
	return cmp.Or(fields...)
}

func atLeast(field string, n, least int) error {
	if n >= least {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("%d or more", least), fmt.Sprint(n)}
}

func between(field string, n, least, most int) error {
	if n >= least && n <= most {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("%d to %d", least, most), fmt.Sprint(n)}
}

// within checks a number that training uses as a float32.
func within(field string, x float64, ok bool, wanted string) error {
	switch {
	case !ok || math.IsInf(x, 0):
		return &FieldError{field, wanted, fmt.Sprint(x)}
	case math.Abs(x) > math.MaxFloat32 || x != 0 && float32(x) == 0:
		return &FieldError{field, wanted + " that float32 can hold", fmt.Sprint(x)}
	}
	return nil
}

func oneOf[T ~string](field string, x T, known ...T) error {
	if slices.Contains(known, x) {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("one of %v", known), fmt.Sprintf("%q", x)}
}

// splitSeed cuts every run's validation set, so that models that are fused or
// compared have all held out the same images.
const splitSeed = 0

// Splits loads a dataset and cuts it as the recipe says. It fails as
// [data.Load] does.
func (r Recipe) Splits(dataset, dir string) (data.Splits, error) {
	train, test, err := data.Load(dataset, dir)
	if err != nil {
		return data.Splits{}, err
	}
	return r.Cut(train, test)
}

// Cut holds out the recipe's validation set, and takes its sample of the
// training images. The cut is the same for every seed of a run.
func (r Recipe) Cut(train, test *data.Dataset) (s data.Splits, err error) {
	s.Test = test
	if s.Train, s.Validation, err = data.Split(train, r.Validation, splitSeed); err != nil || r.Images == 0 || r.Images >= s.Train.Len() {
		return s, err
	}
	_, s.Train, err = data.Split(s.Train, r.Images, splitSeed)
	return s, err
}

// ForImages is the recipe for a training set of n images: a validation set that
// would leave less than half of them to learn from is a tenth of them.
func (r Recipe) ForImages(n int) Recipe {
	if 2*r.Validation > n {
		r.Validation = max(1, n/10)
	}
	return r
}

// initialise returns a network to start from.
func (r Recipe) initialise(a *models.Arch, seed uint64) (*models.Model, error) {
	m, err := models.New(a)
	if err != nil {
		return nil, err
	}
	switch r.Init {
	case InitReLU:
		return m, m.InitializeReLU(seed)
	case InitResidual:
		return m, m.InitializeResidual(seed)
	}
	return m, m.Initialize(seed)
}
