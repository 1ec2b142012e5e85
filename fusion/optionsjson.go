package fusion

import (
	"encoding/json"
	"reflect"
	"strings"

	"otfusion/fusion/ot"
)

// MarshalJSON writes the options under the names of their flags, with the
// solver as its name and its settings, and the samples as their number.
func (o Options) MarshalJSON() ([]byte, error) {
	type fields Options // without this method
	all := struct {
		fields
		Solver  solverJSON `json:"solver"`
		Samples int        `json:"samples"`
	}{fields: fields(o), Solver: describe(o.Solver)}
	if o.Samples != nil {
		all.Samples = o.Samples.Len()
	}
	return json.Marshal(all)
}

type solverJSON struct {
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings,omitempty"`
}

// describe names a solver by its type. Settings that have no JSON are left out.
func describe(s ot.Solver) solverJSON {
	if s == nil {
		s = ot.Exact{}
	}
	t := reflect.TypeOf(s)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	d := solverJSON{Name: strings.ToLower(t.Name())}
	if settings, err := json.Marshal(s); err == nil && string(settings) != "{}" {
		d.Settings = settings
	}
	return d
}
